-- A user's history with titles by day, of the newest date only.
-- Read by user, or joined with users.
CREATE TABLE IF NOT EXISTS marquee.user_title_daily (
    event_date DATE NOT NULL,
    user_id VARCHAR(128),
    title_id VARCHAR(128),
    seen_on DATE,
    last_seen_at TIMESTAMP,
    views BIGINT,
    watch_ms BIGINT,
    completion_rate REAL,
    completed BOOLEAN,
    rating REAL,
    rated_at TIMESTAMP
)
DISTKEY (user_id)
SORTKEY (user_id, title_id);
