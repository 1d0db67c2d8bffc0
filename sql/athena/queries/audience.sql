-- Users, viewers, sessions and hours watched: one row per date of the last 30 days.
SELECT
    event_date,
    users,
    viewers,
    sessions,
    hours,
    hours / nullif(viewers, 0) AS hours_a_viewer,
    CAST(completions AS DOUBLE) / nullif(views, 0) AS completed,
    binges
FROM {database}.audience_days
WHERE event_date >= current_date - INTERVAL '30' DAY
ORDER BY event_date ASC
