-- Lateness of the events that arrived in the last 7 days: the number of days between event and arrival.
SELECT
    date_diff('day', event_date, CAST(arrived_at AS DATE)) AS days_late,
    count(*) AS events,
    count(DISTINCT user_id) AS users,
    min(event_date) AS oldest,
    CAST(count(*) AS DOUBLE) / sum(count(*)) OVER () AS share
FROM {database}.processed_events
WHERE
    ingest_date >= current_date - INTERVAL '7' DAY
    AND ingest_date <= current_date
GROUP BY date_diff('day', event_date, CAST(arrived_at AS DATE))
ORDER BY days_late ASC
