-- Mean activity by hour of the day (UTC) over the last 7 days.
SELECT
    hour_utc,
    count(*) AS days,
    CAST(sum(users) AS DOUBLE) / count(*) AS users,
    CAST(sum(events) AS DOUBLE) / count(*) AS events,
    CAST(sum(plays) AS DOUBLE) / count(*) AS plays,
    CAST(sum(searches) AS DOUBLE) / count(*) AS searches
FROM {database}.hourly_activity
WHERE
    event_date >= current_date - INTERVAL '7' DAY
    AND event_date < current_date
GROUP BY hour_utc
ORDER BY hour_utc ASC
