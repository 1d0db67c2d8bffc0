-- The ten titles that a user rated best in the last 400 days: one row per user and
-- title. The latest rating of a title counts. Of equal ratings, the later one ranks
-- first.
-- partition: event_date
-- looks back: 0 days
-- rebuild: latest
WITH rated AS (
    SELECT
        user_id,
        title_id,
        rating,
        rated_at,
        row_number() OVER (
            PARTITION BY user_id, title_id
            ORDER BY seen_on DESC NULLS LAST
        ) AS from_last
    FROM user_title_daily
    WHERE
        event_date = {date}
        AND rating IS NOT NULL
),

ranked AS (
    SELECT
        user_id,
        title_id,
        rating,
        rated_at,
        row_number() OVER (
            PARTITION BY user_id
            ORDER BY rating DESC NULLS LAST, rated_at DESC NULLS LAST, title_id ASC NULLS LAST
        ) AS title_rank
    FROM rated
    WHERE from_last = 1
)

SELECT
    user_id,
    CAST(title_rank AS INTEGER) AS title_rank,
    title_id,
    rating,
    rated_at
FROM ranked
WHERE title_rank <= 10
ORDER BY
    user_id ASC NULLS LAST,
    rating DESC NULLS LAST,
    rated_at DESC NULLS LAST,
    title_id ASC NULLS LAST
