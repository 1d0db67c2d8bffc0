-- Searches per query on a date: one row per query in lower case.
-- partition: event_date
-- looks back: 0 days
-- rebuild: dates
WITH by_user AS (
    SELECT
        lower(query) AS query,
        user_id,
        count(*) AS searches,
        count(results) AS counted,
        count(CASE WHEN results = 0 THEN 1 END) AS without_results,
        sum(CASE WHEN results IS NOT NULL THEN CAST(results AS BIGINT) ELSE 0 END) AS results
    FROM events
    WHERE event_date = {date} AND event_type = 'search'
    GROUP BY lower(query), user_id
)

SELECT
    query,
    sum(searches) AS searches,
    count(*) AS users,
    sum(without_results) AS without_results,
    CAST(sum(results) AS DOUBLE) / CAST(nullif(sum(counted), 0) AS DOUBLE) AS results
FROM by_user
GROUP BY query
ORDER BY query ASC NULLS LAST
