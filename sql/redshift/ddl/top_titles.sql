-- The top 100 titles of a date by each of three measures.
-- Small: each node has a full copy.
CREATE TABLE IF NOT EXISTS marquee.top_titles (
    event_date DATE NOT NULL,
    measure VARCHAR(32),
    title_rank BIGINT,
    title_id VARCHAR(128),
    name VARCHAR(1024),
    measured BIGINT,
    rank_before BIGINT,
    climbed BIGINT
)
DISTSTYLE ALL
SORTKEY (event_date, measure, title_rank);
