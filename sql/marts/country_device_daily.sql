-- Users, sessions and watch time per country and kind of device on a date: one row
-- per pair. An unknown country or device is null. A user with sessions under
-- several pairs counts in each of them.
-- partition: event_date
-- looks back: 0 days
-- rebuild: dates
WITH by_user AS (
    SELECT
        country,
        device_type,
        user_id,
        count(*) AS sessions,
        sum(events) AS events,
        sum(watch_ms) AS watch_ms,
        sum(CAST(searches AS BIGINT)) AS searches,
        count(CASE WHEN is_binge THEN 1 END) AS binges
    FROM fact_session
    WHERE event_date = {date}
    GROUP BY country, device_type, user_id
)

SELECT
    country,
    device_type,
    count(*) AS users,
    sum(sessions) AS sessions,
    sum(events) AS events,
    sum(watch_ms) AS watch_ms,
    sum(searches) AS searches,
    sum(binges) AS binges
FROM by_user
GROUP BY country, device_type
ORDER BY country ASC NULLS LAST, device_type ASC NULLS LAST
