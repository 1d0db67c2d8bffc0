-- Every event in the processed zone: which batch it came with, when it happened,
-- when its record arrived, and its number in the producer's count.
SELECT
    shard_id,
    processed_at,
    arrived_at,
    event_time,
    event_id,
    producer_seq
FROM processed_events
