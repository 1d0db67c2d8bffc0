-- Retention: one row per date and number of days.
SELECT
    CAST(event_date AS VARCHAR) AS event_date,
    days,
    users,
    returned,
    retention
FROM retention
ORDER BY event_date ASC NULLS LAST, days ASC NULLS LAST
