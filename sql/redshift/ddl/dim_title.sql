-- The titles of the title catalog with their history: a slowly changing dimension
-- of type 2. valid_from is the first date whose generation has this version of the
-- title. valid_to is the first date that has another version or no such title; it
-- is null while is_current.
-- Joined with many tables: each node has a full copy.
CREATE TABLE IF NOT EXISTS marquee.dim_title (
    title_id VARCHAR(128) NOT NULL,
    name VARCHAR(1024),
    kind VARCHAR(16),
    series_id VARCHAR(128),
    season INTEGER,
    episode INTEGER,
    genres VARCHAR(8255),
    runtime_ms BIGINT,
    release_date DATE,
    valid_from DATE NOT NULL,
    valid_to DATE,
    is_current BOOLEAN NOT NULL
)
DISTSTYLE ALL
SORTKEY (title_id, valid_from);
