-- A user's affinity for genres, of the newest date only.
-- Read by user, or joined with users.
CREATE TABLE IF NOT EXISTS marquee.user_genre_affinity (
    event_date DATE NOT NULL,
    user_id VARCHAR(128),
    genre VARCHAR(128),
    views BIGINT,
    watch_ms BIGINT,
    affinity DOUBLE PRECISION,
    share DOUBLE PRECISION,
    genre_rank INTEGER
)
DISTKEY (user_id)
SORTKEY (user_id, genre_rank);
