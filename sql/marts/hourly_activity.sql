-- Users and events per hour (UTC) of a date: one row per hour with events.
-- partition: event_date
-- looks back: 0 days
-- rebuild: dates
WITH by_user AS (
    SELECT
        date_trunc('hour', CAST(event_time AS TIMESTAMP)) AS hour_begins_at,
        user_id,
        count(*) AS events,
        count(CASE WHEN event_type = 'play' THEN 1 END) AS plays,
        count(CASE WHEN event_type = 'complete' THEN 1 END) AS completes,
        count(CASE WHEN event_type = 'search' THEN 1 END) AS searches,
        count(CASE WHEN event_type = 'rate' THEN 1 END) AS rates
    FROM events
    WHERE event_date = {date}
    GROUP BY date_trunc('hour', CAST(event_time AS TIMESTAMP)), user_id
)

SELECT
    CAST(extract(HOUR FROM hour_begins_at) AS INTEGER) AS hour_utc,
    count(*) AS users,
    sum(events) AS events,
    sum(plays) AS plays,
    sum(completes) AS completes,
    sum(searches) AS searches,
    sum(rates) AS rates
FROM by_user
GROUP BY hour_begins_at
ORDER BY hour_utc ASC NULLS LAST
