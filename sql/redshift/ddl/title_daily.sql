-- Views, watch time and ratings per title on a date.
-- Summed over dates by title: the distribution key keeps a title's rows on one
-- slice. Sorted by date, because every query bounds the date.
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
