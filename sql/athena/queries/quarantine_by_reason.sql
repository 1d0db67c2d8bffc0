-- Units rejected in the last 7 days, by reason and field, each with a sample.
WITH refused AS (
    SELECT
        ingest_date,
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
        ingest_date >= current_date - INTERVAL '7' DAY
        AND ingest_date <= current_date
)

SELECT
    reason,
    field,
    count(*) AS units,
    min(ingest_date) AS first_on,
    max(ingest_date) AS last_on,
    max(value) AS sample_value,
    max(detail) AS sample_detail,
    max(from_utf8(payload)) AS sample
FROM refused
WHERE copy = 1
GROUP BY reason, field
ORDER BY units DESC, reason ASC, field ASC NULLS LAST
