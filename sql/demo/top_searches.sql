-- The most frequent searches.
SELECT
    lower(query) AS query,
    count(*) AS searches,
    count(DISTINCT user_id) AS viewers
FROM events
WHERE query IS NOT NULL
GROUP BY lower(query)
ORDER BY searches DESC NULLS LAST, query ASC NULLS LAST
LIMIT 10
