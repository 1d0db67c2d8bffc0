-- Users and events per hour (UTC) of a date.
-- Small: each node has a full copy.
CREATE TABLE IF NOT EXISTS marquee.hourly_activity (
    event_date DATE NOT NULL,
    hour_utc INTEGER,
    users BIGINT,
    events BIGINT,
    plays BIGINT,
    completes BIGINT,
    searches BIGINT,
    rates BIGINT
)
DISTSTYLE ALL
SORTKEY (event_date, hour_utc);
