-- Ratings of the last 30 days: one row per rated title, the best first. The latest
-- rating of a user for a title counts. The weighted rating adds ten ratings at the
-- mean of all titles, so that a single rating of 5 does not rank first.
-- partition: event_date
-- looks back: 29 days
-- rebuild: latest
WITH rated AS (
    SELECT
        user_id,
        title_id,
        rating,
        ended_at AS rated_at,
        row_number() OVER (
            PARTITION BY user_id, title_id
            ORDER BY ended_at DESC NULLS LAST, session_id DESC NULLS LAST
        ) AS from_last
    FROM fact_view
    WHERE
        event_date >= {date} - INTERVAL '29' DAY
        AND event_date <= {date}
        AND rating IS NOT NULL
),

by_title AS (
    SELECT
        title_id,
        count(*) AS ratings,
        sum(CAST(rating * 2 AS BIGINT)) AS halves,
        count(CASE WHEN rating >= 4 THEN 1 END) AS good_ratings
    FROM rated
    WHERE from_last = 1
    GROUP BY title_id
),

with_all AS (
    SELECT
        title_id,
        ratings,
        halves,
        good_ratings,
        sum(ratings) OVER () AS all_ratings,
        sum(halves) OVER () AS all_halves
    FROM by_title
)

SELECT
    with_all.title_id,
    titles.name,
    with_all.ratings,
    with_all.good_ratings,
    CAST(with_all.halves AS DOUBLE) / CAST(with_all.ratings * 2 AS DOUBLE) AS rating,
    CAST(with_all.halves * with_all.all_ratings + 10 * with_all.all_halves AS DOUBLE)
    / CAST(with_all.all_ratings * (with_all.ratings + 10) * 2 AS DOUBLE) AS weighted_rating
FROM with_all
LEFT JOIN titles ON titles.title_id = with_all.title_id
ORDER BY weighted_rating DESC NULLS LAST, with_all.title_id ASC NULLS LAST
