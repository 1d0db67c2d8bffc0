-- Views and watch time per genre on a date: one row per genre that was watched. A
-- title with several genres counts fully in each of them; a title without genres
-- counts in none. Views without watch time do not count.
-- partition: event_date
-- looks back: 0 days
-- rebuild: dates
WITH places AS (
    -- The positions in a list of genres: 1 to 64.
    SELECT eights.n * 8 + ones.n AS place
    FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7)) AS eights (n)
    CROSS JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8)) AS ones (n)
),

lists AS (
    SELECT
        genres,
        length(genres) - length(replace(genres, '|', '')) + 1 AS places
    FROM fact_view
    WHERE event_date = {date} AND watch_ms > 0 AND genres IS NOT NULL
    GROUP BY genres
),

list_genres AS (
    SELECT DISTINCT
        lists.genres,
        split_part(lists.genres, '|', places.place) AS genre
    FROM lists
    INNER JOIN places ON places.place <= lists.places
),

by_list AS (
    SELECT
        genres,
        user_id,
        count(*) AS views,
        sum(watch_ms) AS watch_ms,
        count(CASE WHEN completed THEN 1 END) AS completions,
        sum(CAST(round(CAST(engagement_score AS DOUBLE) * 1000000) AS BIGINT))
            AS engagement_millionths
    FROM fact_view
    WHERE event_date = {date} AND watch_ms > 0 AND genres IS NOT NULL
    GROUP BY genres, user_id
),

by_user AS (
    SELECT
        list_genres.genre,
        by_list.user_id,
        sum(by_list.views) AS views,
        sum(by_list.watch_ms) AS watch_ms,
        sum(by_list.completions) AS completions,
        sum(by_list.engagement_millionths) AS engagement_millionths
    FROM list_genres
    INNER JOIN by_list ON by_list.genres = list_genres.genres
    GROUP BY list_genres.genre, by_list.user_id
)

SELECT
    genre,
    sum(views) AS views,
    count(*) AS viewers,
    sum(watch_ms) AS watch_ms,
    sum(completions) AS completions,
    CAST(sum(engagement_millionths) AS DOUBLE)
    / CAST(sum(views) * 1000000 AS DOUBLE) AS engagement_score
FROM by_user
GROUP BY genre
ORDER BY genre ASC NULLS LAST
