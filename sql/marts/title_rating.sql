-- How a title is rated by the last 30 days, a row a rated title, the best first.
-- Of a user's ratings of a title the last counts. The weighted rating is the mean
-- of these and of ten more at the mean of all titles, so that a single 5 does not
-- lead.
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

overall AS (
    SELECT
        sum(ratings) AS ratings,
        sum(halves) AS halves
    FROM by_title
)

SELECT
    by_title.title_id,
    titles.name,
    by_title.ratings,
    by_title.good_ratings,
    CAST(by_title.halves AS DOUBLE) / CAST(by_title.ratings * 2 AS DOUBLE) AS rating,
    CAST(by_title.halves * overall.ratings + 10 * overall.halves AS DOUBLE)
    / CAST(overall.ratings * (by_title.ratings + 10) * 2 AS DOUBLE) AS weighted_rating
FROM by_title
CROSS JOIN overall
LEFT JOIN titles ON titles.title_id = by_title.title_id
ORDER BY weighted_rating DESC NULLS LAST, by_title.title_id ASC NULLS LAST
