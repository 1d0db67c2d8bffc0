-- What the warehouse has: made where it is missing, then told. Migrations begin
-- with it.

-- make the schema
CREATE SCHEMA IF NOT EXISTS marquee;

-- make the table of migrations
CREATE TABLE IF NOT EXISTS marquee.migrations (
    name VARCHAR(128) NOT NULL,
    digest VARCHAR(32) NOT NULL,
    applied_at TIMESTAMP NOT NULL DEFAULT GETDATE()
)
DISTSTYLE ALL
SORTKEY (applied_at);

-- tell what was applied
SELECT
    name,
    digest
FROM marquee.migrations
ORDER BY applied_at;

-- tell the columns
SELECT
    CAST(table_name AS VARCHAR(128)) AS table_name,
    CAST(column_name AS VARCHAR(128)) AS column_name,
    CAST(data_type AS VARCHAR(128)) AS data_type,
    CAST(character_maximum_length AS INTEGER) AS length
FROM information_schema.columns
WHERE table_schema = 'marquee'
ORDER BY table_name, ordinal_position;
