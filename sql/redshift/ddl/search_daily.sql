-- Searches per query on a date.
-- The distribution key keeps the rows of a query on one slice, for sums over dates.
-- The column is wider than in events, because lower case can need more bytes.
CREATE TABLE IF NOT EXISTS marquee.search_daily (
    event_date DATE NOT NULL,
    query VARCHAR(1024),
    searches BIGINT,
    users BIGINT,
    without_results BIGINT,
    results DOUBLE PRECISION
)
DISTKEY (query)
SORTKEY (event_date, query);
