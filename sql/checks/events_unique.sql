-- Every event is unique: no user has the same event_id twice.
-- severity: error
-- after: compact
SELECT
    user_id,
    event_id,
    count(*) AS found
FROM events
WHERE event_date = {date}
GROUP BY user_id, event_id
HAVING count(*) > 1
ORDER BY user_id ASC NULLS LAST, event_id ASC NULLS LAST
