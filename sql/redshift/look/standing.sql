-- The warehouse's content of a date: the newest loads and the number of rows. Both
-- are read in one transaction, so that they are consistent.

-- read the loads
SELECT
    table_name,
    CAST(event_date AS VARCHAR(10)) AS event_date,
    generation
FROM marquee.loads
WHERE event_date >= CAST(:event_date AS DATE)
ORDER BY event_date, generation;

-- count the rows
{counts};
