-- What was refused in the last 30 days and no replay has taken on: what is open in the books.
-- A replayed unit keeps its identity, and is in the processed zone under it; it
-- stays in quarantine as well. Its object is called `replay-…`, so no other is
-- read. A replay files it by its own arrival, a batch by that of its first record:
-- the two may be a date apart.
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
