-- What users have done with titles, and how popular these are, adds up to what the
-- facts add up to. Only the newest date has these tables; they are held to nothing
-- where they have no rows.
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
)

SELECT
    figure,
    mart,
    expected
FROM figures
WHERE mart <> expected
ORDER BY figure ASC NULLS LAST
