-- Popularity over 7 days, of the newest date only.
-- Small: each node has a full copy.
CREATE TABLE IF NOT EXISTS marquee.title_popularity (
    event_date DATE NOT NULL,
    popularity_rank BIGINT,
    title_id VARCHAR(128),
    name VARCHAR(1024),
    viewers BIGINT,
    watch_ms BIGINT,
    completions BIGINT,
    engagement_score DOUBLE PRECISION
)
DISTSTYLE ALL
SORTKEY (popularity_rank);
