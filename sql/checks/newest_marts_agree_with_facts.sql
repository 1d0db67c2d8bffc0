-- The marts of the newest date match the facts: user_title_daily and
-- title_popularity have the totals of the facts, user_title and user_top_rated
-- those of user_title_daily, similarity is symmetric, and ranks have no gaps.
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
        count(*) AS seen,
        count(DISTINCT title_id) AS titles,
        coalesce(sum(watch_ms), 0) AS watch_ms,
        count(CASE WHEN event_date = {date} THEN 1 END) AS seen_on_the_date
    FROM views
),

history AS (
    SELECT
        count(*) AS found,
        count(DISTINCT user_id) AS users,
        count(DISTINCT CASE WHEN rating IS NOT NULL THEN user_id END) AS raters,
        coalesce(sum(views), 0) AS views,
        coalesce(sum(watch_ms), 0) AS watch_ms,
        count(CASE WHEN seen_on >= {date} - INTERVAL '6' DAY THEN 1 END) AS seen_in_the_week,
        coalesce(sum(CASE WHEN seen_on >= {date} - INTERVAL '6' DAY THEN watch_ms END), 0)
            AS watch_ms_of_the_week
    FROM user_title_daily
    WHERE event_date = {date}
),

raters AS (
    SELECT count(*) AS users
    FROM user_top_rated
    WHERE event_date = {date} AND title_rank = 1
),

users_titles AS (
    SELECT
        count(*) AS found,
        count(DISTINCT user_id) AS users,
        coalesce(sum(views), 0) AS views,
        coalesce(sum(watch_ms), 0) AS watch_ms,
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
    SELECT 'user_title.users' AS figure, users_titles.users AS mart, history.users AS expected
    FROM users_titles CROSS JOIN history
    UNION ALL
    SELECT 'user_title.views' AS figure, users_titles.views AS mart, history.views AS expected
    FROM users_titles CROSS JOIN history
    UNION ALL
    SELECT 'user_title.watch_ms' AS figure, users_titles.watch_ms AS mart, history.watch_ms AS expected
    FROM users_titles CROSS JOIN history
    UNION ALL
    SELECT 'user_top_rated.title_rank' AS figure, raters.users AS mart, history.raters AS expected
    FROM raters CROSS JOIN history
    UNION ALL
    SELECT 'user_title_daily.seen_on' AS figure, history.seen_in_the_week AS mart, week.seen AS expected
    FROM history CROSS JOIN week
    WHERE history.found > 0
    UNION ALL
    SELECT
        'user_title_daily.watch_ms' AS figure,
        history.watch_ms_of_the_week AS mart,
        week.watch_ms AS expected
    FROM history CROSS JOIN week
    WHERE history.found > 0
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
