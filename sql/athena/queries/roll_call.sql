-- Producer numbers that arrived, by producer and date of the last 7 days, as the last audits counted them: the most missing first.
-- Counted up to the end of the date: of the numbers 1 to `up_to`, `present`
-- arrived, `late` of them after the date.
SELECT
    event_date,
    name AS producer,
    max(CASE WHEN figure = 'up_to' THEN "value" END) AS up_to,
    max(CASE WHEN figure = 'present' THEN "value" END) AS present,
    max(CASE WHEN figure = 'late' THEN "value" END) AS late,
    max(CASE WHEN figure = 'missing' THEN "value" END) AS missing,
    max(CASE WHEN figure = 'gap_1_from' THEN "value" END) AS longest_gap_from,
    max(CASE WHEN figure = 'gap_1_to' THEN "value" END) AS longest_gap_to
FROM {database}.audit_books
WHERE
    event_date >= current_date - INTERVAL '7' DAY
    AND event_date <= current_date
    AND book = 'ingest'
    AND scope = 'producer'
GROUP BY event_date, name
ORDER BY missing DESC, event_date ASC, producer ASC
