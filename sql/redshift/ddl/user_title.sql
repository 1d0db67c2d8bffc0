-- A user's history with titles, of the newest date only.
-- Read by user, the latest first, or joined with users.
CREATE TABLE IF NOT EXISTS marquee.user_title (
    event_date DATE NOT NULL,
    user_id VARCHAR(128),
    title_id VARCHAR(128),
    series_id VARCHAR(128),
    last_seen_at TIMESTAMP,
    views BIGINT,
    watch_ms BIGINT,
    completion_rate REAL,
    completed BOOLEAN,
    rating REAL
)
DISTKEY (user_id)
SORTKEY (user_id, last_seen_at);
