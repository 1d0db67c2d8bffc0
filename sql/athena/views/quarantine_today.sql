-- Units rejected today and yesterday, each once, with their bytes as text.
-- If a batch was delivered again with other boundaries, quarantine has a unit
-- twice; the view returns it once.
CREATE OR REPLACE VIEW {database}.quarantine_today AS
WITH refused AS (
    SELECT
        ingest_date,
        ingest_hour,
        shard_id,
        sequence_number,
        sub_sequence,
        partition_key,
        arrived_at,
        reason,
        field,
        value,
        detail,
        payload,
        row_number() OVER (
            PARTITION BY shard_id, sequence_number, sub_sequence
            ORDER BY ingest_date ASC, ingest_hour ASC
        ) AS copy
    FROM {database}.quarantine
    WHERE
        ingest_date >= current_date - INTERVAL '1' DAY
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
    from_utf8(payload) AS text,
    partition_key,
    shard_id,
    sequence_number,
    sub_sequence
FROM refused
WHERE copy = 1
