-- The state of the warehouse, read at the start of a migration. Creates what is
-- missing first.

-- create the schema
CREATE SCHEMA IF NOT EXISTS marquee;

-- create the migrations table
CREATE TABLE IF NOT EXISTS marquee.migrations (
    name VARCHAR(128) NOT NULL,
    digest VARCHAR(32) NOT NULL,
    applied_at TIMESTAMP NOT NULL DEFAULT GETDATE()
)
DISTSTYLE ALL
SORTKEY (applied_at);

-- read the applied migrations
SELECT
    name,
    digest
FROM marquee.migrations
ORDER BY applied_at;

-- read the columns
SELECT
    CAST(table_name AS VARCHAR(128)) AS table_name,
    CAST(column_name AS VARCHAR(128)) AS column_name,
    CAST(data_type AS VARCHAR(128)) AS data_type,
    CAST(character_maximum_length AS INTEGER) AS length
FROM information_schema.columns
WHERE table_schema = 'marquee'
ORDER BY table_name, ordinal_position;
