-- Every session starts no later than it ends, lies on its date, has events, and has
-- no negative counts.
-- severity: error
-- after: compact
SELECT *
FROM fact_session
WHERE
    event_date = {date}
    AND (
        started_at > ended_at
        OR CAST(started_at AS DATE) <> event_date
        OR CAST(ended_at AS DATE) <> event_date
        OR events < 1
        OR watch_ms < 0
        OR titles < 0
        OR searches < 0
        OR events < searches + titles
    )
ORDER BY user_id ASC NULLS LAST, session_id ASC NULLS LAST
