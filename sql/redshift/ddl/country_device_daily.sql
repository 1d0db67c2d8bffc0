-- Users, sessions and watch time per country and kind of device on a date.
-- Small: each node has a full copy.
CREATE TABLE IF NOT EXISTS marquee.country_device_daily (
    event_date DATE NOT NULL,
    country VARCHAR(2),
    device_type VARCHAR(128),
    users BIGINT,
    sessions BIGINT,
    events BIGINT,
    watch_ms BIGINT,
    searches BIGINT,
    binges BIGINT
)
DISTSTYLE ALL
SORTKEY (event_date, country);
