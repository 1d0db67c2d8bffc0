-- Searches of the last 7 days that found nothing, the most frequent first.
SELECT
    query,
    sum(without_results) AS without_results,
    sum(searches) AS searches,
    CAST(sum(without_results) AS DOUBLE) / sum(searches) AS share
FROM {database}.search_daily
WHERE
    event_date >= current_date - INTERVAL '7' DAY
    AND event_date < current_date
GROUP BY query
HAVING sum(without_results) > 0
ORDER BY without_results DESC, query ASC
LIMIT 50
