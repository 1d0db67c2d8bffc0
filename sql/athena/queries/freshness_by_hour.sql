-- Freshness of the lake by hour of arrival since yesterday: the number of events and their age at arrival.
SELECT
    ingest_date,
    ingest_hour,
    count(*) AS events,
    max(arrived_at) AS last_arrival,
    max(event_time) AS newest_event,
    approx_percentile(date_diff('second', event_time, arrived_at), 0.5) AS median_s,
    approx_percentile(date_diff('second', event_time, arrived_at), 0.99) AS p99_s,
    count(DISTINCT shard_id) AS shards
FROM {database}.processed_events
WHERE
    ingest_date >= current_date - INTERVAL '1' DAY
    AND ingest_date <= current_date
GROUP BY ingest_date, ingest_hour
ORDER BY ingest_date ASC, ingest_hour ASC
