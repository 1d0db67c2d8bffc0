-- Retention after 1, 7 and 28 days on a date.
-- Small: each node has a full copy.
CREATE TABLE IF NOT EXISTS marquee.retention (
    event_date DATE NOT NULL,
    days INTEGER,
    cohort_date DATE,
    users BIGINT,
    returned BIGINT,
    retention DOUBLE PRECISION
)
DISTSTYLE ALL
SORTKEY (event_date);
