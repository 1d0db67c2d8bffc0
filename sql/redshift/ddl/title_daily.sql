-- What became of a title on a date.
-- Summed over dates by title: a title's rows are on one slice, and sorted by
-- date, which every question bounds.
CREATE TABLE IF NOT EXISTS marquee.title_daily (
    event_date DATE NOT NULL,
    title_id VARCHAR(128),
    views BIGINT,
    viewers BIGINT,
    watch_ms BIGINT,
    completions BIGINT,
    completion_rate DOUBLE PRECISION,
    engagement_score DOUBLE PRECISION,
    pauses BIGINT,
    seeks BIGINT,
    ratings BIGINT,
    rating DOUBLE PRECISION
)
DISTKEY (title_id)
SORTKEY (event_date, title_id);
