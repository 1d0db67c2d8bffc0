-- Every event in the processed zone: the shard and time of its batch, when it
-- happened, when its record arrived, and the producer number.
SELECT
    shard_id,
    processed_at,
    arrived_at,
    event_time,
    event_id,
    producer_seq
FROM processed_events
