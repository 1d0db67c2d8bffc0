-- Every event of a date once.
-- Queries follow a user from event to event, and join sessions and views: the
-- distribution key keeps a user's rows on one slice. Queries filter on dates and
-- mostly on types.
CREATE TABLE IF NOT EXISTS marquee.events (
    event_date DATE NOT NULL,
    event_id VARCHAR(36) NOT NULL,
    event_type VARCHAR(32) NOT NULL,
    event_time TIMESTAMP NOT NULL,
    user_id VARCHAR(128) NOT NULL,
    session_id VARCHAR(128) NOT NULL,
    profile_id VARCHAR(128),
    country VARCHAR(2),
    device_type VARCHAR(128),
    device_os VARCHAR(128),
    app_version VARCHAR(128),
    title_id VARCHAR(128),
    position_ms BIGINT,
    from_position_ms BIGINT,
    query VARCHAR(512),
    results INTEGER,
    row_index INTEGER,
    rating REAL,
    series_id VARCHAR(128),
    genres VARCHAR(8255),
    runtime_ms BIGINT,
    completion_rate REAL,
    extra VARCHAR(8192),
    producer_id VARCHAR(128),
    producer_seq BIGINT,
    shard_id VARCHAR(128) NOT NULL,
    sequence_number VARCHAR(128) NOT NULL,
    sub_sequence INTEGER NOT NULL,
    arrived_at TIMESTAMP NOT NULL,
    network_type VARCHAR(32)
)
DISTKEY (user_id)
SORTKEY (event_date, event_type);
