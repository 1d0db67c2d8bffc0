-- Activity per user on a date: one row per user with an event. Views without watch
-- time do not count.
-- partition: event_date
-- looks back: 0 days
-- rebuild: dates
WITH sessions AS (
    SELECT
        user_id,
        min(started_at) AS first_seen_at,
        max(ended_at) AS last_seen_at,
        count(*) AS sessions,
        sum(events) AS events,
        sum(watch_ms) AS watch_ms,
        sum(CAST(searches AS BIGINT)) AS searches,
        count(CASE WHEN is_binge THEN 1 END) AS binges
    FROM fact_session
    WHERE event_date = {date}
    GROUP BY user_id
),

by_title AS (
    SELECT
        user_id,
        title_id,
        count(CASE WHEN watch_ms > 0 THEN 1 END) AS views,
        count(CASE WHEN completed THEN 1 END) AS completions,
        count(rating) AS ratings
    FROM fact_view
    WHERE event_date = {date}
    GROUP BY user_id, title_id
),

views AS (
    SELECT
        user_id,
        sum(views) AS views,
        count(CASE WHEN views > 0 THEN 1 END) AS titles,
        sum(completions) AS completions,
        sum(ratings) AS ratings
    FROM by_title
    GROUP BY user_id
)

SELECT
    sessions.user_id,
    sessions.first_seen_at,
    sessions.last_seen_at,
    sessions.sessions,
    sessions.events,
    sessions.watch_ms,
    coalesce(views.views, 0) AS views,
    coalesce(views.titles, 0) AS titles,
    coalesce(views.completions, 0) AS completions,
    coalesce(views.ratings, 0) AS ratings,
    sessions.searches,
    sessions.binges
FROM sessions
LEFT JOIN views ON views.user_id = sessions.user_id
ORDER BY sessions.user_id ASC NULLS LAST
