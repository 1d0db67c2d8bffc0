-- How many of those seen days before came back on a date.
-- Small: every node has it whole.
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
