-- A dimension that keeps what was: a version of a row is valid from the date whose
-- generation has it so to the first that has it otherwise, or not at all. Nothing
-- changes if the load log has that generation, or one of a later date, or a newer
-- one of the same. What an older generation of the date did is undone first, so
-- that the versions are those of dates, however often each was loaded.

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

-- undo what began on the date
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

-- undo what ended on the date
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

-- end what is otherwise now
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

-- begin what is new
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

-- drop the stage
DROP TABLE staged;
