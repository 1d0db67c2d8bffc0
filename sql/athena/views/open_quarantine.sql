-- Units rejected in the last 30 days and not replayed: the open units of the ingest book.
-- A replayed unit keeps its identity: it is in the processed zone under that
-- identity, and it stays in quarantine. Replay names its objects `replay-…`, so the
-- view reads no others. A replay partitions the unit by the unit's own arrival, a
-- batch by that of its first record, so the two dates can differ by one day.
CREATE OR REPLACE VIEW {database}.open_quarantine AS
WITH refused AS (
    SELECT
        ingest_date,
        ingest_hour,
        shard_id,
        sequence_number,
        sub_sequence,
        arrived_at,
        reason,
        field,
        value,
        detail,
        row_number() OVER (
            PARTITION BY shard_id, sequence_number, sub_sequence
            ORDER BY ingest_date ASC, ingest_hour ASC
        ) AS copy
    FROM {database}.quarantine
    WHERE
        ingest_date >= current_date - INTERVAL '30' DAY
        AND ingest_date <= current_date
)

SELECT
    ingest_date,
    ingest_hour,
    arrived_at,
    reason,
    field,
    value,
    detail,
    shard_id,
    sequence_number,
    sub_sequence
FROM refused
WHERE
    copy = 1
    AND NOT EXISTS (
        SELECT 1
        FROM {database}.processed_events AS replayed
        WHERE
            replayed.ingest_date >= current_date - INTERVAL '31' DAY
            AND replayed.ingest_date <= current_date
            AND replayed."$path" LIKE '%/replay-%'
            AND replayed.shard_id = refused.shard_id
            AND replayed.sequence_number = refused.sequence_number
            AND replayed.sub_sequence = refused.sub_sequence
    )
