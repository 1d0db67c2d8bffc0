-- Complete sessions: one row per session. A session across midnight has two rows in
-- fact_session and one row here. Its date is the date on which it closed, half an
-- hour after its last event. A session with an event in the last half hour of a
-- date therefore belongs to the next date, together with its events there. So each
-- row of fact_session is in one session of one date, and no later date is needed.
-- partition: event_date
-- looks back: 1 day
-- rebuild: dates
WITH parts AS (
    SELECT
        fact_session.*,
        extract(HOUR FROM ended_at) = 23
        AND extract(MINUTE FROM ended_at) >= 30 AS is_open_at_midnight
    FROM fact_session
    WHERE
        event_date >= {date} - INTERVAL '1' DAY
        AND event_date <= {date}
),

joined AS (
    SELECT
        user_id,
        session_id,
        min(started_at) AS started_at,
        max(ended_at) AS ended_at,
        count(*) AS dates,
        sum(events) AS events,
        sum(watch_ms) AS watch_ms,
        sum(CAST(titles AS BIGINT)) AS titles,
        sum(CAST(searches AS BIGINT)) AS searches,
        max(CASE WHEN event_date < {date} THEN device_type END) AS first_device_type,
        max(CASE WHEN event_date = {date} THEN device_type END) AS last_device_type,
        max(CASE WHEN event_date < {date} THEN country END) AS first_country,
        max(CASE WHEN event_date = {date} THEN country END) AS last_country,
        max(CASE WHEN is_binge THEN 1 ELSE 0 END) AS binges
    FROM parts
    WHERE
        (event_date = {date} AND NOT is_open_at_midnight)
        OR (event_date < {date} AND is_open_at_midnight)
    GROUP BY user_id, session_id
)

SELECT
    user_id,
    session_id,
    started_at,
    ended_at,
    CAST(
        CASE WHEN CAST(started_at AS DATE) = CAST(ended_at AS DATE) THEN 0 ELSE 86400 END
        + (extract(HOUR FROM ended_at) - extract(HOUR FROM started_at)) * 3600
        + (extract(MINUTE FROM ended_at) - extract(MINUTE FROM started_at)) * 60
        + CAST(extract(SECOND FROM ended_at) AS BIGINT)
        - CAST(extract(SECOND FROM started_at) AS BIGINT)
        AS BIGINT
    ) AS duration_s,
    CAST(dates AS INTEGER) AS dates,
    events,
    watch_ms,
    titles,
    searches,
    coalesce(first_device_type, last_device_type) AS device_type,
    coalesce(first_country, last_country) AS country,
    binges = 1 AS is_binge
FROM joined
ORDER BY user_id ASC NULLS LAST, session_id ASC NULLS LAST
