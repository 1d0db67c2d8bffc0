-- The marts of the newest date match the facts: user_title and title_popularity
-- have the totals of the facts, similarity is symmetric, and ranks have no gaps.
-- Only the newest date has these marts; a date without their rows passes.
-- severity: error
-- after: marts
-- looks back: 6 days
WITH views AS (
    SELECT
        event_date,
        user_id,
        title_id,
        sum(watch_ms) AS watch_ms
    FROM fact_view
    WHERE
        event_date >= {date} - INTERVAL '6' DAY
        AND event_date <= {date}
    GROUP BY event_date, user_id, title_id
),

week AS (
    SELECT
        count(DISTINCT title_id) AS titles,
        coalesce(sum(watch_ms), 0) AS watch_ms,
        count(CASE WHEN event_date = {date} THEN 1 END) AS seen_on_the_date
    FROM views
),

users_titles AS (
    SELECT
        count(*) AS found,
        count(CASE WHEN CAST(last_seen_at AS DATE) = {date} THEN 1 END) AS seen_on_the_date
    FROM user_title
    WHERE event_date = {date}
),

ranked AS (
    SELECT
        count(*) AS titles,
        coalesce(sum(watch_ms), 0) AS watch_ms,
        coalesce(max(popularity_rank), 0) AS last_rank
    FROM title_popularity
    WHERE event_date = {date}
),

-- Pairs of works that are neighbours of each other.
mutual AS (
    SELECT
        count(*) AS pairs,
        count(CASE WHEN one.users = other.users AND one.similarity = other.similarity THEN 1 END)
            AS alike
    FROM title_neighbour AS one
    INNER JOIN title_neighbour AS other
        ON
            other.work_id = one.neighbour_id
            AND other.neighbour_id = one.work_id
    WHERE one.event_date = {date} AND other.event_date = {date}
),

by_work AS (
    SELECT
        count(*) AS neighbours,
        max(neighbour_rank) AS last_rank
    FROM title_neighbour
    WHERE event_date = {date}
    GROUP BY work_id
),

works AS (
    SELECT
        coalesce(sum(neighbours), 0) AS neighbours,
        coalesce(sum(CAST(last_rank AS BIGINT)), 0) AS last_ranks
    FROM by_work
),

figures AS (
    SELECT
        'user_title.last_seen_at' AS figure,
        users_titles.seen_on_the_date AS mart,
        week.seen_on_the_date AS expected
    FROM users_titles CROSS JOIN week
    WHERE users_titles.found > 0
    UNION ALL
    SELECT 'title_popularity.title_id' AS figure, ranked.titles AS mart, week.titles AS expected
    FROM ranked CROSS JOIN week
    WHERE ranked.titles > 0
    UNION ALL
    SELECT 'title_popularity.popularity_rank' AS figure, ranked.last_rank AS mart, week.titles AS expected
    FROM ranked CROSS JOIN week
    WHERE ranked.titles > 0
    UNION ALL
    SELECT 'title_popularity.watch_ms' AS figure, ranked.watch_ms AS mart, week.watch_ms AS expected
    FROM ranked CROSS JOIN week
    WHERE ranked.titles > 0
    UNION ALL
    SELECT 'title_neighbour.similarity' AS figure, alike AS mart, pairs AS expected
    FROM mutual
    UNION ALL
    SELECT 'title_neighbour.neighbour_rank' AS figure, last_ranks AS mart, neighbours AS expected
    FROM works
)

SELECT
    figure,
    mart,
    expected
FROM figures
WHERE mart <> expected
ORDER BY figure ASC NULLS LAST
