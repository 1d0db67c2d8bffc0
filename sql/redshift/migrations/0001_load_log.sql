-- The load log: a row a load of a table. The newest of a table and date is what
-- the warehouse has of it; for a table that is replaced whole, the newest of all
-- dates. Every load locks it first, so that loads pass one after the other.
CREATE TABLE IF NOT EXISTS marquee.loads (
    table_name VARCHAR(128) NOT NULL,
    event_date DATE NOT NULL,
    generation INTEGER NOT NULL,
    row_count BIGINT NOT NULL,
    loaded_at TIMESTAMP NOT NULL DEFAULT GETDATE()
)
DISTSTYLE ALL
SORTKEY (table_name, event_date);
