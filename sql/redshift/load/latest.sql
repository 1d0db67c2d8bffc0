-- Loads a latest-only table: replaces all rows with those of a generation. Changes
-- nothing if the load log has this generation, a newer generation of the same date,
-- or a later date. If the table has a date column, the load fills it.

-- set the statement timeout
SET statement_timeout TO {timeout_ms};

-- lock the load log and the table
LOCK TABLE marquee.loads, marquee.{table};

-- create the staging table
CREATE TEMPORARY TABLE staged (
    {staged_columns}
);

-- copy the files
COPY staged
FROM '{manifest}'
IAM_ROLE '{role}'
FORMAT AS PARQUET
MANIFEST;

-- compare the copied rows with the generation
SELECT
    CAST(
        'copied ' || CAST(count(*) AS VARCHAR) || ' rows of ' || CAST(:row_count AS VARCHAR)
        AS INTEGER
    ) AS differs
FROM staged
HAVING count(*) <> CAST(:row_count AS BIGINT);

-- delete all rows
DELETE FROM marquee.{table}
WHERE NOT EXISTS (
    SELECT 1
    FROM marquee.loads
    WHERE
        loads.table_name = '{table}'
        AND (
            loads.event_date > CAST(:event_date AS DATE)
            OR (
                loads.event_date = CAST(:event_date AS DATE)
                AND loads.generation >= CAST(:generation AS INTEGER)
            )
        )
);

-- insert the generation
INSERT INTO marquee.{table} ({date_column}{columns})
SELECT
    {date_value}{columns}
FROM staged
WHERE NOT EXISTS (
    SELECT 1
    FROM marquee.loads
    WHERE
        loads.table_name = '{table}'
        AND (
            loads.event_date > CAST(:event_date AS DATE)
            OR (
                loads.event_date = CAST(:event_date AS DATE)
                AND loads.generation >= CAST(:generation AS INTEGER)
            )
        )
);

-- record the load
INSERT INTO marquee.loads (table_name, event_date, generation, row_count)
SELECT
    '{table}',
    CAST(:event_date AS DATE),
    CAST(:generation AS INTEGER),
    counted.row_count
FROM (SELECT count(*) AS row_count FROM staged) AS counted
WHERE NOT EXISTS (
    SELECT 1
    FROM marquee.loads
    WHERE
        loads.table_name = '{table}'
        AND (
            loads.event_date > CAST(:event_date AS DATE)
            OR (
                loads.event_date = CAST(:event_date AS DATE)
                AND loads.generation >= CAST(:generation AS INTEGER)
            )
        )
);

-- drop the staging table
DROP TABLE staged;
