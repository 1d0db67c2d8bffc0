-- A user's history over the last 400 days: one row per user, title and day on which
-- the title was watched, opened or rated. The last rating of the day counts.
-- partition: event_date
-- looks back: 399 days
-- rebuild: latest
-- carried by: seen_on
WITH rated AS (
    SELECT
        event_date,
        user_id,
        title_id,
        rating,
        ended_at,
        row_number() OVER (
            PARTITION BY event_date, user_id, title_id
            ORDER BY ended_at DESC NULLS LAST, session_id DESC NULLS LAST
        ) AS from_last
    FROM fact_view
    WHERE
        event_date >= {date} - INTERVAL '399' DAY
        AND event_date <= {date}
        AND rating IS NOT NULL
),

last_rated AS (
    SELECT
        event_date,
        user_id,
        title_id,
        rating,
        ended_at AS rated_at
    FROM rated
    WHERE from_last = 1
),

seen AS (
    SELECT
        event_date,
        user_id,
        title_id,
        max(ended_at) AS last_seen_at,
        count(CASE WHEN watch_ms > 0 THEN 1 END) AS views,
        sum(watch_ms) AS watch_ms,
        max(completion_rate) AS completion_rate,
        bool_or(completed) AS completed
    FROM fact_view
    WHERE
        event_date >= {date} - INTERVAL '399' DAY
        AND event_date <= {date}
    GROUP BY event_date, user_id, title_id
)

SELECT
    seen.user_id,
    seen.title_id,
    seen.event_date AS seen_on,
    seen.last_seen_at,
    seen.views,
    seen.watch_ms,
    seen.completion_rate,
    seen.completed,
    last_rated.rating,
    last_rated.rated_at
FROM last_rated
RIGHT JOIN seen
    ON
        seen.event_date = last_rated.event_date
        AND seen.user_id = last_rated.user_id
        AND seen.title_id = last_rated.title_id
ORDER BY
    user_id ASC NULLS LAST,
    title_id ASC NULLS LAST,
    seen_on ASC NULLS LAST
