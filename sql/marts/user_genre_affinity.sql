-- A user's affinity for a genre over the last 30 days: one row per user and genre.
-- The affinity is the sum of the engagement scores of the user's views, weighted
-- with a half-life of seven days.
-- partition: event_date
-- looks back: 29 days
-- rebuild: latest
WITH places AS (
    -- The positions in a list of genres: 1 to 64.
    SELECT eights.n * 8 + ones.n AS place
    FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7)) AS eights (n)
    CROSS JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8)) AS ones (n)
),

weights AS (
    SELECT
        days.event_date,
        CAST(
            round(power(CAST(0.5 AS DOUBLE), CAST(days.age AS DOUBLE) / CAST(7 AS DOUBLE)) * 1000000)
            AS BIGINT
        ) AS millionths
    FROM (
        VALUES
            (0, CAST({date} - INTERVAL '0' DAY AS DATE)),
            (1, CAST({date} - INTERVAL '1' DAY AS DATE)),
            (2, CAST({date} - INTERVAL '2' DAY AS DATE)),
            (3, CAST({date} - INTERVAL '3' DAY AS DATE)),
            (4, CAST({date} - INTERVAL '4' DAY AS DATE)),
            (5, CAST({date} - INTERVAL '5' DAY AS DATE)),
            (6, CAST({date} - INTERVAL '6' DAY AS DATE)),
            (7, CAST({date} - INTERVAL '7' DAY AS DATE)),
            (8, CAST({date} - INTERVAL '8' DAY AS DATE)),
            (9, CAST({date} - INTERVAL '9' DAY AS DATE)),
            (10, CAST({date} - INTERVAL '10' DAY AS DATE)),
            (11, CAST({date} - INTERVAL '11' DAY AS DATE)),
            (12, CAST({date} - INTERVAL '12' DAY AS DATE)),
            (13, CAST({date} - INTERVAL '13' DAY AS DATE)),
            (14, CAST({date} - INTERVAL '14' DAY AS DATE)),
            (15, CAST({date} - INTERVAL '15' DAY AS DATE)),
            (16, CAST({date} - INTERVAL '16' DAY AS DATE)),
            (17, CAST({date} - INTERVAL '17' DAY AS DATE)),
            (18, CAST({date} - INTERVAL '18' DAY AS DATE)),
            (19, CAST({date} - INTERVAL '19' DAY AS DATE)),
            (20, CAST({date} - INTERVAL '20' DAY AS DATE)),
            (21, CAST({date} - INTERVAL '21' DAY AS DATE)),
            (22, CAST({date} - INTERVAL '22' DAY AS DATE)),
            (23, CAST({date} - INTERVAL '23' DAY AS DATE)),
            (24, CAST({date} - INTERVAL '24' DAY AS DATE)),
            (25, CAST({date} - INTERVAL '25' DAY AS DATE)),
            (26, CAST({date} - INTERVAL '26' DAY AS DATE)),
            (27, CAST({date} - INTERVAL '27' DAY AS DATE)),
            (28, CAST({date} - INTERVAL '28' DAY AS DATE)),
            (29, CAST({date} - INTERVAL '29' DAY AS DATE))
    ) AS days (age, event_date)
),

by_list AS (
    SELECT
        fact_view.user_id,
        fact_view.genres,
        count(*) AS views,
        sum(fact_view.watch_ms) AS watch_ms,
        sum(
            CAST(round(CAST(fact_view.engagement_score AS DOUBLE) * 1000000) AS BIGINT)
            * weights.millionths
        ) AS trillionths
    FROM weights
    INNER JOIN fact_view ON fact_view.event_date = weights.event_date
    WHERE
        fact_view.event_date >= {date} - INTERVAL '29' DAY
        AND fact_view.event_date <= {date}
        AND fact_view.genres IS NOT NULL
    GROUP BY fact_view.user_id, fact_view.genres
),

lists AS (
    SELECT
        genres,
        length(genres) - length(replace(genres, '|', '')) + 1 AS places
    FROM fact_view
    WHERE
        event_date >= {date} - INTERVAL '29' DAY
        AND event_date <= {date}
        AND genres IS NOT NULL
    GROUP BY genres
),

list_genres AS (
    SELECT DISTINCT
        lists.genres,
        split_part(lists.genres, '|', places.place) AS genre
    FROM lists
    INNER JOIN places ON places.place <= lists.places
),

by_genre AS (
    SELECT
        by_list.user_id,
        list_genres.genre,
        sum(by_list.views) AS views,
        sum(by_list.watch_ms) AS watch_ms,
        sum(by_list.trillionths) AS trillionths
    FROM list_genres
    INNER JOIN by_list ON by_list.genres = list_genres.genres
    WHERE by_list.trillionths > 0
    GROUP BY by_list.user_id, list_genres.genre
)

SELECT
    user_id,
    genre,
    views,
    watch_ms,
    CAST(trillionths AS DOUBLE) / CAST(1000000000000 AS DOUBLE) AS affinity,
    CAST(trillionths AS DOUBLE)
    / CAST(sum(trillionths) OVER (PARTITION BY user_id) AS DOUBLE) AS share,
    CAST(
        row_number() OVER (
            PARTITION BY user_id
            ORDER BY trillionths DESC NULLS LAST, genre ASC NULLS LAST
        ) AS INTEGER
    ) AS genre_rank
FROM by_genre
ORDER BY user_id ASC NULLS LAST, trillionths DESC NULLS LAST, genre ASC NULLS LAST
