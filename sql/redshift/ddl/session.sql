-- Complete sessions, by the date on which they closed.
-- On the same slice as the user's other rows. Queries filter on dates.
CREATE TABLE IF NOT EXISTS marquee.session (
    event_date DATE NOT NULL,
    user_id VARCHAR(128),
    session_id VARCHAR(128),
    started_at TIMESTAMP,
    ended_at TIMESTAMP,
    duration_s BIGINT,
    dates INTEGER,
    events BIGINT,
    watch_ms BIGINT,
    titles BIGINT,
    searches BIGINT,
    device_type VARCHAR(128),
    country VARCHAR(2),
    is_binge BOOLEAN
)
DISTKEY (user_id)
SORTKEY (event_date, user_id);
