-- Every event has the fields that its type requires, and no id is empty.
-- severity: error
-- after: compact
SELECT
    user_id,
    event_id,
    event_type
FROM events
WHERE
    event_date = {date}
    AND (
        event_id IS NULL OR event_id = ''
        OR event_type IS NULL
        OR event_time IS NULL
        OR user_id IS NULL OR user_id = ''
        OR session_id IS NULL OR session_id = ''
        OR shard_id IS NULL
        OR sequence_number IS NULL
        OR sub_sequence IS NULL
        OR arrived_at IS NULL
        OR (event_type NOT IN ('search', 'browse') AND title_id IS NULL)
        OR (
            event_type IN ('play', 'pause', 'resume', 'stop', 'complete', 'heartbeat', 'seek')
            AND position_ms IS NULL
        )
        OR (event_type = 'seek' AND from_position_ms IS NULL)
        OR (event_type = 'search' AND query IS NULL)
        OR (event_type = 'rate' AND rating IS NULL)
    )
ORDER BY user_id ASC NULLS LAST, event_id ASC NULLS LAST
