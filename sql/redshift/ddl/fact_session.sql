-- The sessions of a date.
-- On the same slice as the user's events and views. Queries filter on dates.
CREATE TABLE IF NOT EXISTS marquee.fact_session (
    event_date DATE NOT NULL,
    user_id VARCHAR(128) NOT NULL,
    session_id VARCHAR(128) NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    events BIGINT NOT NULL,
    watch_ms BIGINT NOT NULL,
    titles INTEGER NOT NULL,
    searches INTEGER NOT NULL,
    device_type VARCHAR(128),
    country VARCHAR(2),
    is_binge BOOLEAN NOT NULL
)
DISTKEY (user_id)
SORTKEY (event_date, user_id);
