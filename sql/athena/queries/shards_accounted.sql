-- Records of each shard by date of arrival of the last 7 days, as the last audits counted them.
-- `stream` is the stream's own count. The embedded stream provides it; on AWS it is
-- null. `blank` counts records without a unit.
SELECT
    event_date AS arrived_on,
    name AS shard_id,
    max(CASE WHEN figure = 'stream' THEN "value" END) AS stream,
    max(CASE WHEN figure = 'seen' THEN "value" END) AS seen,
    max(CASE WHEN figure = 'blank' THEN "value" END) AS blank,
    max(CASE WHEN figure = 'failed' THEN "value" END) AS failed
FROM {database}.audit_books
WHERE
    event_date >= current_date - INTERVAL '7' DAY
    AND event_date <= current_date
    AND book = 'ingest'
    AND scope = 'shard'
GROUP BY event_date, name
ORDER BY arrived_on ASC, shard_id ASC
