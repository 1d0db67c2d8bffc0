-- The event book of each date of the last 30 days: the rows that its receipts name, and where they went.
-- `missing` is 0: otherwise the date is not published.
WITH figures AS (
    SELECT
        event_date,
        max(CASE WHEN figure = 'receipts' THEN "value" END) AS receipts,
        max(CASE WHEN figure = 'receipt_rows' THEN "value" END) AS receipt_rows,
        max(CASE WHEN figure = 'curated' THEN "value" END) AS curated,
        max(CASE WHEN figure = 'duplicates' THEN "value" END) AS duplicates,
        max(CASE WHEN figure = 'redelivered' THEN "value" END) AS redelivered,
        max(CASE WHEN figure = 'conflicts' THEN "value" END) AS conflicts
    FROM {database}.audit
    WHERE
        event_date >= current_date - INTERVAL '30' DAY
        AND event_date <= current_date
        AND scope = 'date'
    GROUP BY event_date
)

SELECT
    event_date,
    receipts,
    receipt_rows,
    curated,
    duplicates,
    redelivered,
    receipt_rows - curated - duplicates - redelivered AS missing,
    conflicts
FROM figures
ORDER BY event_date ASC
