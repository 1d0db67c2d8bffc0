-- The ingest book and the event book of each date of the last 30 days, as its last audit counted them.
-- Open units are rejected and not replayed. The missing producer numbers can be as
-- many as `unnumbered`: units too damaged to carry a number. Both are counted from
-- the first event to the end of the date, so do not sum them over dates.
SELECT
    event_date,
    max(CASE WHEN book = 'both' AND scope = 'date' AND figure = 'balanced' THEN "value" END) = 1 AS is_balanced,
    max(CASE WHEN book = 'both' AND scope = 'date' AND figure = 'final' THEN "value" END) = 1 AS is_final,
    max(CASE WHEN book = 'both' AND scope = 'date' AND figure = 'problems' THEN "value" END) AS problems,
    max(CASE WHEN book = 'ingest' AND scope = 'date' AND figure = 'received' THEN "value" END) AS received,
    max(CASE WHEN book = 'ingest' AND scope = 'date' AND figure = 'processed' THEN "value" END) AS processed,
    max(CASE WHEN book = 'ingest' AND scope = 'date' AND figure = 'quarantined' THEN "value" END) AS quarantined,
    sum(CASE WHEN book = 'ingest' AND scope = 'units' AND figure = 'open' THEN "value" ELSE 0 END) AS open_units,
    sum(CASE WHEN book = 'ingest' AND scope = 'shard' AND figure = 'failed' THEN "value" ELSE 0 END) AS failed_records,
    sum(CASE WHEN book = 'ingest' AND scope = 'producer' AND figure = 'missing' THEN "value" ELSE 0 END) AS missing_numbers,
    max(CASE WHEN book = 'ingest' AND scope = 'date' AND figure = 'unnumbered' THEN "value" END) AS unnumbered,
    max(CASE WHEN book = 'event' AND scope = 'date' AND figure = 'receipt_rows' THEN "value" END) AS receipt_rows,
    max(CASE WHEN book = 'event' AND scope = 'date' AND figure = 'curated' THEN "value" END) AS curated,
    max(CASE WHEN book = 'event' AND scope = 'date' AND figure = 'duplicates' THEN "value" END) AS duplicates,
    max(CASE WHEN book = 'event' AND scope = 'date' AND figure = 'redelivered' THEN "value" END) AS redelivered,
    max(CASE WHEN book = 'event' AND scope = 'date' AND figure = 'waiting_rows' THEN "value" END) AS waiting_rows
FROM {database}.audit_books
WHERE
    event_date >= current_date - INTERVAL '30' DAY
    AND event_date <= current_date
GROUP BY event_date
ORDER BY event_date ASC
