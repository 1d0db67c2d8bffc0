-- A user's history with a title over the last 400 days: one row per user and title
-- that was watched, opened or rated, the user's latest first. The user's latest
-- rating counts. The series is that of the title catalog.
-- partition: event_date
-- looks back: 0 days
-- rebuild: latest
WITH rated AS (
    SELECT
        user_id,
        title_id,
        rating,
        row_number() OVER (
            PARTITION BY user_id, title_id
            ORDER BY seen_on DESC NULLS LAST
        ) AS from_last
    FROM user_title_daily
    WHERE
        event_date = {date}
        AND rating IS NOT NULL
),

last_rated AS (
    SELECT
        user_id,
        title_id,
        rating
    FROM rated
    WHERE from_last = 1
),

seen AS (
    SELECT
        user_id,
        title_id,
        max(last_seen_at) AS last_seen_at,
        sum(views) AS views,
        sum(watch_ms) AS watch_ms,
        max(completion_rate) AS completion_rate,
        bool_or(completed) AS completed
    FROM user_title_daily
    WHERE event_date = {date}
    GROUP BY user_id, title_id
),

with_rating AS (
    SELECT
        seen.user_id,
        seen.title_id,
        seen.last_seen_at,
        seen.views,
        seen.watch_ms,
        seen.completion_rate,
        seen.completed,
        last_rated.rating
    FROM last_rated
    RIGHT JOIN seen
        ON
            seen.user_id = last_rated.user_id
            AND seen.title_id = last_rated.title_id
)

SELECT
    with_rating.user_id,
    with_rating.title_id,
    titles.series_id,
    with_rating.last_seen_at,
    with_rating.views,
    with_rating.watch_ms,
    with_rating.completion_rate,
    with_rating.completed,
    with_rating.rating
FROM titles
RIGHT JOIN with_rating ON with_rating.title_id = titles.title_id
ORDER BY
    with_rating.user_id ASC NULLS LAST,
    with_rating.last_seen_at DESC NULLS LAST,
    with_rating.title_id ASC NULLS LAST
