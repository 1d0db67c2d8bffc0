-- The totals of the marts equal the totals of the facts.
-- severity: error
-- after: marts
-- looks back: 1 day
WITH sessions AS (
    SELECT
        count(*) AS sessions,
        count(DISTINCT user_id) AS users,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(watch_ms), 0) AS watch_ms,
        coalesce(sum(CAST(searches AS BIGINT)), 0) AS searches
    FROM fact_session
    WHERE event_date = {date}
),

-- The rows of the two dates that the mart `session` assigns to this date.
closed AS (
    SELECT
        coalesce(sum(events), 0) AS events,
        coalesce(sum(watch_ms), 0) AS watch_ms
    FROM fact_session
    WHERE
        event_date >= {date} - INTERVAL '1' DAY
        AND event_date <= {date}
        AND (event_date < {date})
        = (extract(HOUR FROM ended_at) = 23 AND extract(MINUTE FROM ended_at) >= 30)
),

views AS (
    SELECT
        count(CASE WHEN watch_ms > 0 THEN 1 END) AS views,
        count(CASE WHEN completed THEN 1 END) AS completions,
        count(rating) AS ratings,
        coalesce(sum(watch_ms), 0) AS watch_ms
    FROM fact_view
    WHERE event_date = {date}
),

titles_watched AS (
    SELECT
        coalesce(sum(views), 0) AS views,
        coalesce(sum(completions), 0) AS completions,
        coalesce(sum(ratings), 0) AS ratings,
        coalesce(sum(watch_ms), 0) AS watch_ms
    FROM title_daily
    WHERE event_date = {date}
),

users_seen AS (
    SELECT
        count(*) AS users,
        coalesce(sum(sessions), 0) AS sessions,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(watch_ms), 0) AS watch_ms,
        coalesce(sum(views), 0) AS views
    FROM user_daily
    WHERE event_date = {date}
),

places AS (
    SELECT
        coalesce(sum(sessions), 0) AS sessions,
        coalesce(sum(events), 0) AS events,
        coalesce(sum(watch_ms), 0) AS watch_ms
    FROM country_device_daily
    WHERE event_date = {date}
),

whole_sessions AS (
    SELECT
        coalesce(sum(events), 0) AS events,
        coalesce(sum(watch_ms), 0) AS watch_ms
    FROM session
    WHERE event_date = {date}
),

hours AS (
    SELECT coalesce(sum(events), 0) AS events
    FROM hourly_activity
    WHERE event_date = {date}
),

queries AS (
    SELECT coalesce(sum(searches), 0) AS searches
    FROM search_daily
    WHERE event_date = {date}
),

figures AS (
    SELECT 'title_daily.views' AS figure, titles_watched.views AS mart, views.views AS expected
    FROM titles_watched CROSS JOIN views
    UNION ALL
    SELECT 'title_daily.completions' AS figure, titles_watched.completions AS mart, views.completions AS expected
    FROM titles_watched CROSS JOIN views
    UNION ALL
    SELECT 'title_daily.ratings' AS figure, titles_watched.ratings AS mart, views.ratings AS expected
    FROM titles_watched CROSS JOIN views
    UNION ALL
    SELECT 'title_daily.watch_ms' AS figure, titles_watched.watch_ms AS mart, views.watch_ms AS expected
    FROM titles_watched CROSS JOIN views
    UNION ALL
    SELECT 'user_daily.users' AS figure, users_seen.users AS mart, sessions.users AS expected
    FROM users_seen CROSS JOIN sessions
    UNION ALL
    SELECT 'user_daily.sessions' AS figure, users_seen.sessions AS mart, sessions.sessions AS expected
    FROM users_seen CROSS JOIN sessions
    UNION ALL
    SELECT 'user_daily.events' AS figure, users_seen.events AS mart, sessions.events AS expected
    FROM users_seen CROSS JOIN sessions
    UNION ALL
    SELECT 'user_daily.watch_ms' AS figure, users_seen.watch_ms AS mart, sessions.watch_ms AS expected
    FROM users_seen CROSS JOIN sessions
    UNION ALL
    SELECT 'user_daily.views' AS figure, users_seen.views AS mart, views.views AS expected
    FROM users_seen CROSS JOIN views
    UNION ALL
    SELECT 'country_device_daily.sessions' AS figure, places.sessions AS mart, sessions.sessions AS expected
    FROM places CROSS JOIN sessions
    UNION ALL
    SELECT 'country_device_daily.events' AS figure, places.events AS mart, sessions.events AS expected
    FROM places CROSS JOIN sessions
    UNION ALL
    SELECT 'country_device_daily.watch_ms' AS figure, places.watch_ms AS mart, sessions.watch_ms AS expected
    FROM places CROSS JOIN sessions
    UNION ALL
    SELECT 'session.events' AS figure, whole_sessions.events AS mart, closed.events AS expected
    FROM whole_sessions CROSS JOIN closed
    UNION ALL
    SELECT 'session.watch_ms' AS figure, whole_sessions.watch_ms AS mart, closed.watch_ms AS expected
    FROM whole_sessions CROSS JOIN closed
    UNION ALL
    SELECT 'hourly_activity.events' AS figure, hours.events AS mart, sessions.events AS expected
    FROM hours CROSS JOIN sessions
    UNION ALL
    SELECT 'search_daily.searches' AS figure, queries.searches AS mart, sessions.searches AS expected
    FROM queries CROSS JOIN sessions
)

SELECT
    figure,
    mart,
    expected
FROM figures
WHERE mart <> expected
ORDER BY figure ASC NULLS LAST
