-- The event book: one row per figure of a date.
-- Few rows per date, read by date.
CREATE TABLE IF NOT EXISTS marquee.audit (
    event_date DATE NOT NULL,
    book VARCHAR(32) NOT NULL,
    scope VARCHAR(32) NOT NULL,
    name VARCHAR(128) NOT NULL,
    figure VARCHAR(64) NOT NULL,
    value BIGINT NOT NULL
)
DISTSTYLE EVEN
SORTKEY (event_date);
