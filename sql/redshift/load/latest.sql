-- A table that says how things stand on the newest date: all its rows give way to
-- those of a generation. Nothing changes if the load log has that generation, or
-- one of a later date, or a newer one of the same. What has the date as a column
-- gets it on the way in.

-- bound the time
SET statement_timeout TO {timeout_ms};

-- lock the load log and the table
LOCK TABLE marquee.loads, marquee.{table};

-- make the stage
CREATE TEMPORARY TABLE staged (
    {staged_columns}
);

-- copy the files
COPY staged
FROM '{manifest}'
IAM_ROLE '{role}'
FORMAT AS PARQUET
MANIFEST;

-- hold the copied rows against the generation
SELECT
    CAST(
        'copied ' || CAST(count(*) AS VARCHAR) || ' rows of ' || CAST(:row_count AS VARCHAR)
        AS INTEGER
    ) AS differs
FROM staged
HAVING count(*) <> CAST(:row_count AS BIGINT);

-- delete what stood
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

-- drop the stage
DROP TABLE staged;
