-- fact_session has one row per session, and fact_view one row per session and
-- title.
-- severity: error
-- after: compact
SELECT
    'fact_session' AS fact,
    user_id,
    session_id,
    CAST(NULL AS VARCHAR) AS title_id,
    count(*) AS found
FROM fact_session
WHERE event_date = {date}
GROUP BY user_id, session_id
HAVING count(*) > 1
UNION ALL
SELECT
    'fact_view' AS fact,
    user_id,
    session_id,
    title_id,
    count(*) AS found
FROM fact_view
WHERE event_date = {date}
GROUP BY user_id, session_id, title_id
HAVING count(*) > 1
ORDER BY
    fact ASC NULLS LAST,
    user_id ASC NULLS LAST,
    session_id ASC NULLS LAST,
    title_id ASC NULLS LAST
