-- Objects and rows of the large tables yesterday: many small objects raise the cost of S3 and Athena.
-- Athena shows the name of an object but not its size. The query reads only the
-- footers.
WITH objects AS (
    SELECT
        'raw_events' AS table_name,
        "$path" AS path,
        count(*) AS rows_in_it
    FROM {database}.raw_events
    WHERE ingest_date = current_date - INTERVAL '1' DAY
    GROUP BY "$path"
    UNION ALL
    SELECT
        'quarantine' AS table_name,
        "$path" AS path,
        count(*) AS rows_in_it
    FROM {database}.quarantine
    WHERE ingest_date = current_date - INTERVAL '1' DAY
    GROUP BY "$path"
    UNION ALL
    SELECT
        'processed_events' AS table_name,
        "$path" AS path,
        count(*) AS rows_in_it
    FROM {database}.processed_events
    WHERE ingest_date = current_date - INTERVAL '1' DAY
    GROUP BY "$path"
    UNION ALL
    SELECT
        'events' AS table_name,
        "$path" AS path,
        count(*) AS rows_in_it
    FROM {database}.events
    WHERE event_date = current_date - INTERVAL '1' DAY
    GROUP BY "$path"
    UNION ALL
    SELECT
        'fact_session' AS table_name,
        "$path" AS path,
        count(*) AS rows_in_it
    FROM {database}.fact_session
    WHERE event_date = current_date - INTERVAL '1' DAY
    GROUP BY "$path"
    UNION ALL
    SELECT
        'fact_view' AS table_name,
        "$path" AS path,
        count(*) AS rows_in_it
    FROM {database}.fact_view
    WHERE event_date = current_date - INTERVAL '1' DAY
    GROUP BY "$path"
)

SELECT
    table_name,
    count(*) AS objects,
    sum(rows_in_it) AS rows_in_all,
    min(rows_in_it) AS least_in_one,
    CAST(sum(rows_in_it) AS DOUBLE) / count(*) AS mean_in_one,
    max(rows_in_it) AS most_in_one
FROM objects
GROUP BY table_name
ORDER BY table_name ASC
