-- Retention after 1, 7 and 28 days: one row per date of the last 30 days.
SELECT
    event_date,
    max(CASE WHEN days = 1 THEN users END) AS seen_1_day_before,
    max(CASE WHEN days = 1 THEN retention END) AS after_1_day,
    max(CASE WHEN days = 7 THEN retention END) AS after_7_days,
    max(CASE WHEN days = 28 THEN retention END) AS after_28_days
FROM {database}.retention
WHERE event_date >= current_date - INTERVAL '30' DAY
GROUP BY event_date
ORDER BY event_date ASC
