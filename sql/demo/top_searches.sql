-- What was searched for most often; what arrived twice counts once.
SELECT
    lower(query) AS query,
    count(DISTINCT event_id) AS searches,
    count(DISTINCT user_id) AS viewers
FROM processed_events
WHERE query IS NOT NULL
GROUP BY lower(query)
ORDER BY searches DESC NULLS LAST, query ASC NULLS LAST
LIMIT 10
