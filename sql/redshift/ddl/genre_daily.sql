-- Views and watch time per genre on a date.
-- Small: each node has a full copy.
CREATE TABLE IF NOT EXISTS marquee.genre_daily (
    event_date DATE NOT NULL,
    genre VARCHAR(128),
    views BIGINT,
    viewers BIGINT,
    watch_ms BIGINT,
    completions BIGINT,
    engagement_score DOUBLE PRECISION
)
DISTSTYLE ALL
SORTKEY (event_date, genre);
