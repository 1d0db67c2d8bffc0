-- The views of a date: one row per user, session and title.
-- On the same slice as the user's events; every slice has the titles. Queries
-- filter on dates, then on titles.
CREATE TABLE IF NOT EXISTS marquee.fact_view (
    event_date DATE NOT NULL,
    user_id VARCHAR(128) NOT NULL,
    session_id VARCHAR(128) NOT NULL,
    title_id VARCHAR(128) NOT NULL,
    series_id VARCHAR(128),
    genres VARCHAR(8255),
    runtime_ms BIGINT,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    events INTEGER NOT NULL,
    watch_ms BIGINT NOT NULL,
    completion_rate REAL,
    pauses INTEGER NOT NULL,
    seeks INTEGER NOT NULL,
    completed BOOLEAN NOT NULL,
    rating REAL,
    engagement_score REAL NOT NULL,
    device_type VARCHAR(128),
    country VARCHAR(2)
)
DISTKEY (user_id)
SORTKEY (event_date, title_id);
