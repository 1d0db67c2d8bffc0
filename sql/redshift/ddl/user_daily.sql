-- Activity per user on a date.
-- On the same slice as the user's other rows: retention joins the dates of a user.
-- Queries filter on dates.
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
