-- The calendar: one row per day.
-- Joined with every table that has a date: each node has a full copy.
CREATE TABLE IF NOT EXISTS marquee.dim_date (
    calendar_date DATE,
    calendar_year INTEGER,
    calendar_quarter INTEGER,
    calendar_month INTEGER,
    month_name VARCHAR(16),
    iso_week INTEGER,
    day_of_month INTEGER,
    day_of_year INTEGER,
    day_of_week INTEGER,
    day_name VARCHAR(16),
    is_weekend BOOLEAN
)
DISTSTYLE ALL
SORTKEY (calendar_date);
