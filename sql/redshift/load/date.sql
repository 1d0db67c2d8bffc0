-- Loads a table that has rows of every date: replaces the rows of one date with
-- those of a generation. Changes nothing if the load log has this generation of the
-- date or a newer one.

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

-- delete the date
DELETE FROM marquee.{table}
WHERE
    event_date = CAST(:event_date AS DATE)
    AND NOT EXISTS (
        SELECT 1
        FROM marquee.loads
        WHERE
            loads.table_name = '{table}'
            AND loads.event_date = CAST(:event_date AS DATE)
            AND loads.generation >= CAST(:generation AS INTEGER)
    );

-- insert the generation
INSERT INTO marquee.{table} (event_date, {columns})
SELECT
    CAST(:event_date AS DATE),
    {columns}
FROM staged
WHERE NOT EXISTS (
    SELECT 1
    FROM marquee.loads
    WHERE
        loads.table_name = '{table}'
        AND loads.event_date = CAST(:event_date AS DATE)
        AND loads.generation >= CAST(:generation AS INTEGER)
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
        AND loads.event_date = CAST(:event_date AS DATE)
        AND loads.generation >= CAST(:generation AS INTEGER)
);

-- drop the staging table
DROP TABLE staged;
