-- Every event has a known type, a time on its date, and numbers within their
-- ranges.
-- severity: error
-- after: compact
SELECT
    user_id,
    event_id,
    event_type,
    event_time
FROM events
WHERE
    event_date = {date}
    AND (
        event_type NOT IN (
            'play', 'pause', 'resume', 'stop', 'complete', 'heartbeat', 'seek',
            'search', 'browse', 'rate', 'add_to_list', 'remove_from_list'
        )
        OR CAST(event_time AS DATE) <> event_date
        OR position_ms < 0 OR position_ms > 604800000
        OR from_position_ms < 0 OR from_position_ms > 604800000
        OR results < 0 OR results > 1000000
        OR row_index < 0 OR row_index > 10000
        OR rating < 0.5 OR rating > 5
        OR runtime_ms <= 0
        OR completion_rate < 0 OR completion_rate > 1
        OR producer_seq < 1
    )
ORDER BY user_id ASC NULLS LAST, event_id ASC NULLS LAST
