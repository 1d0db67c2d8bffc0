-- The titles that a user rated best, of the newest date only.
-- Read by user, or joined with users.
CREATE TABLE IF NOT EXISTS marquee.user_top_rated (
    event_date DATE NOT NULL,
    user_id VARCHAR(128),
    title_rank INTEGER,
    title_id VARCHAR(128),
    rating REAL,
    rated_at TIMESTAMP
)
DISTKEY (user_id)
SORTKEY (user_id, title_rank);
