-- How popular a title has been for a week, of the newest date alone.
-- Small: every node has it whole.
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
