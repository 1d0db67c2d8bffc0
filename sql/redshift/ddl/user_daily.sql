-- What a user did on a date.
-- On the slice of its user, as retention joins a user's dates; questions name
-- dates.
CREATE TABLE IF NOT EXISTS marquee.user_daily (
    event_date DATE NOT NULL,
    user_id VARCHAR(128),
    first_seen_at TIMESTAMP,
    last_seen_at TIMESTAMP,
    sessions BIGINT,
    events BIGINT,
    watch_ms BIGINT,
    views BIGINT,
    titles BIGINT,
    completions BIGINT,
    ratings BIGINT,
    searches BIGINT,
    binges BIGINT
)
DISTKEY (user_id)
SORTKEY (event_date, user_id);
