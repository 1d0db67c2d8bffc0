-- At most one in twenty of the units that arrived on the date was rejected.
-- severity: warn
-- after: compact
WITH arrived AS (
    SELECT
        sum(received) AS received,
        sum(quarantined) AS quarantined
    FROM ingest_batches
    WHERE ingest_date = {date} AND kind = 'stream'
)

SELECT
    received,
    quarantined
FROM arrived
WHERE quarantined * 20 > received
