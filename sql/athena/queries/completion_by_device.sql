-- Completion and watch time by kind of device over the last 7 days.
SELECT
    coalesce(device_type, 'unknown') AS device,
    count(*) AS views,
    count(DISTINCT user_id) AS viewers,
    CAST(sum(watch_ms) AS DOUBLE) / 3600000 AS hours,
    avg(CAST(completion_rate AS DOUBLE)) AS completion_rate,
    CAST(count(CASE WHEN completed THEN 1 END) AS DOUBLE) / count(*) AS completed,
    CAST(sum(pauses) AS DOUBLE) / count(*) AS pauses_a_view
FROM {database}.fact_view
WHERE
    event_date >= current_date - INTERVAL '7' DAY
    AND event_date < current_date
    AND watch_ms > 0
GROUP BY coalesce(device_type, 'unknown')
ORDER BY hours DESC
