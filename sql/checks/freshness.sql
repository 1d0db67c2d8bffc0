-- The date is complete to its end: its newest event is in its last hour. A date
-- that is not over, or that still waits for late events, violates this check.
-- severity: warn
-- after: compact
WITH newest AS (
    SELECT max(ended_at) AS newest_event
    FROM fact_session
    WHERE event_date = {date}
)

SELECT newest_event
FROM newest
WHERE newest_event IS NULL OR extract(HOUR FROM newest_event) < 23
