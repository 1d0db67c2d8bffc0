-- How often something was searched for on a date.
-- A query's rows are on one slice, to be summed over dates. Small letters may
-- take more bytes than capitals.
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
