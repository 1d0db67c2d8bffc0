-- Every view belongs to a session of its user on its date.
-- severity: error
-- after: compact
WITH views AS (
    SELECT DISTINCT
        user_id,
        session_id
    FROM fact_view
    WHERE event_date = {date}
),

sessions AS (
    SELECT
        user_id,
        session_id
    FROM fact_session
    WHERE event_date = {date}
)

SELECT
    views.user_id,
    views.session_id
FROM views
LEFT JOIN sessions
    ON
        sessions.user_id = views.user_id
        AND sessions.session_id = views.session_id
WHERE sessions.user_id IS NULL
ORDER BY views.user_id ASC NULLS LAST, views.session_id ASC NULLS LAST
