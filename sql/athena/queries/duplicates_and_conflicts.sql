-- Duplicates of the last 7 days, by the producer of the event that was kept, and the number of copies that differ from it.
SELECT
    dropped.event_date,
    coalesce(kept.producer_id, 'unknown') AS producer,
    count(*) AS duplicates,
    count(CASE WHEN dropped.is_conflict THEN 1 END) AS conflicts,
    count(DISTINCT dropped.user_id) AS users,
    approx_percentile(date_diff('second', kept.arrived_at, dropped.arrived_at), 0.5) AS median_s_later
FROM {database}.dropped_events AS dropped
INNER JOIN {database}.events AS kept
    ON
        kept.event_date = dropped.event_date
        AND kept.user_id = dropped.user_id
        AND kept.event_id = dropped.event_id
WHERE
    dropped.event_date >= current_date - INTERVAL '7' DAY
    AND dropped.event_date <= current_date
    AND kept.event_date >= current_date - INTERVAL '7' DAY
    AND kept.event_date <= current_date
GROUP BY dropped.event_date, coalesce(kept.producer_id, 'unknown')
ORDER BY dropped.event_date ASC, duplicates DESC
