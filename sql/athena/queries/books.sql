-- Whether both books of each date of the last 30 days add up, as its last audit counted them.
-- Open units are refused and not replayed. Numbers of producers may be missing up to as many units as were too broken to carry one;
-- both are counted from the first event to the end of the date, so they are not to be summed over dates.
WITH figures AS (
    SELECT
        event_date,
        max(CASE WHEN book = 'both' AND figure = 'balanced' THEN "value" END) AS balanced,
        max(CASE WHEN book = 'both' AND figure = 'final' THEN "value" END) AS final_yet,
        max(CASE WHEN book = 'both' AND figure = 'problems' THEN "value" END) AS problems,
        max(CASE WHEN book = 'ingest' AND figure = 'received' THEN "value" END) AS received,
        max(CASE WHEN book = 'ingest' AND figure = 'processed' THEN "value" END) AS processed,
        max(CASE WHEN book = 'ingest' AND figure = 'quarantined' THEN "value" END) AS quarantined,
        max(CASE WHEN book = 'ingest' AND figure = 'unnumbered' THEN "value" END) AS unnumbered,
        max(CASE WHEN book = 'event' AND figure = 'receipt_rows' THEN "value" END) AS receipt_rows,
        max(CASE WHEN book = 'event' AND figure = 'curated' THEN "value" END) AS curated,
        max(CASE WHEN book = 'event' AND figure = 'duplicates' THEN "value" END) AS duplicates,
        max(CASE WHEN book = 'event' AND figure = 'redelivered' THEN "value" END) AS redelivered,
        max(CASE WHEN book = 'event' AND figure = 'waiting_rows' THEN "value" END) AS waiting_rows
    FROM {database}.audit_books
    WHERE
        event_date >= current_date - INTERVAL '30' DAY
        AND event_date <= current_date
        AND scope = 'date'
    GROUP BY event_date
),

elsewhere AS (
    SELECT
        event_date,
        sum(CASE WHEN scope = 'units' AND figure = 'open' THEN "value" ELSE 0 END) AS open_units,
        sum(CASE WHEN scope = 'shard' AND figure = 'failed' THEN "value" ELSE 0 END) AS failed_records,
        sum(CASE WHEN scope = 'producer' AND figure = 'missing' THEN "value" ELSE 0 END) AS missing_numbers
    FROM {database}.audit_books
    WHERE
        event_date >= current_date - INTERVAL '30' DAY
        AND event_date <= current_date
        AND book = 'ingest'
    GROUP BY event_date
)

SELECT
    figures.event_date,
    figures.balanced = 1 AS is_balanced,
    figures.final_yet = 1 AS is_final,
    figures.problems,
    figures.received,
    figures.processed,
    figures.quarantined,
    elsewhere.open_units,
    elsewhere.failed_records,
    elsewhere.missing_numbers,
    figures.unnumbered,
    figures.receipt_rows,
    figures.curated,
    figures.duplicates,
    figures.redelivered,
    figures.waiting_rows
FROM figures
INNER JOIN elsewhere ON figures.event_date = elsewhere.event_date
ORDER BY figures.event_date ASC
