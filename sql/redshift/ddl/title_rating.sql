-- Ratings per title over 30 days, of the newest date only.
-- Small: each node has a full copy.
CREATE TABLE IF NOT EXISTS marquee.title_rating (
    event_date DATE NOT NULL,
    title_id VARCHAR(128),
    name VARCHAR(1024),
    ratings BIGINT,
    good_ratings BIGINT,
    rating DOUBLE PRECISION,
    weighted_rating DOUBLE PRECISION
)
DISTSTYLE ALL
SORTKEY (title_id);
