-- Watch time and engagement: one row per date.
WITH sessions AS (
    SELECT
        event_date,
        count(DISTINCT user_id) AS viewers,
        count(*) AS sessions,
        count(CASE WHEN is_binge THEN 1 END) AS binges,
        sum(watch_ms) AS watch_ms
    FROM fact_session
    GROUP BY event_date
),

views AS (
    SELECT
        event_date,
        avg(CAST(completion_rate AS DOUBLE)) AS completion,
        avg(CAST(engagement_score AS DOUBLE)) AS engagement
    FROM fact_view
    WHERE watch_ms > 0
    GROUP BY event_date
)

SELECT
    CAST(sessions.event_date AS VARCHAR) AS event_date,
    sessions.viewers,
    sessions.sessions,
    CAST(sessions.watch_ms AS DOUBLE) / 3600000 AS hours,
    CAST(sessions.binges AS DOUBLE) / sessions.sessions AS binge_share,
    views.completion,
    views.engagement
FROM sessions
LEFT JOIN views ON views.event_date = sessions.event_date
ORDER BY event_date ASC NULLS LAST
