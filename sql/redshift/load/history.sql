-- Loads a dimension with history. A version of a row is valid from the first date
-- whose generation has it to the first date that has another version or no such
-- row. Changes nothing if the load log has this generation, a newer generation of
-- the same date, or a later date. Before it applies a newer generation, it undoes
-- the effect of older generations of the date. The versions therefore do not depend
-- on how often a date was loaded.

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

-- delete the versions that began on the date
DELETE FROM marquee.{table}
WHERE
    valid_from = CAST(:event_date AS DATE)
    AND NOT EXISTS (
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

-- reopen the versions that ended on the date
UPDATE marquee.{table}
SET
    valid_to = NULL,
    is_current = TRUE
WHERE
    valid_to = CAST(:event_date AS DATE)
    AND NOT EXISTS (
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

-- close the versions that changed
UPDATE marquee.{table}
SET
    valid_to = CAST(:event_date AS DATE),
    is_current = FALSE
WHERE
    is_current
    AND {key} IN (
        SELECT gone.{key}
        FROM (
            SELECT {columns}
            FROM marquee.{table}
            WHERE is_current
            EXCEPT
            SELECT {columns}
            FROM staged
        ) AS gone
    )
    AND NOT EXISTS (
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

-- insert the new versions
INSERT INTO marquee.{table} ({columns}, valid_from, valid_to, is_current)
SELECT
    {columns},
    CAST(:event_date AS DATE),
    CAST(NULL AS DATE),
    TRUE
FROM (
    SELECT {columns}
    FROM staged
    EXCEPT
    SELECT {columns}
    FROM marquee.{table}
    WHERE is_current
) AS arrived
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
