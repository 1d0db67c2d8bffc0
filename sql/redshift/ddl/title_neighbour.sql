-- What the same users liked, a work and neighbour, of the newest date alone.
-- A work's rows are on one slice: asked for a work, or joined with what users liked.
CREATE TABLE IF NOT EXISTS marquee.title_neighbour (
    event_date DATE NOT NULL,
    work_id VARCHAR(128),
    neighbour_rank INTEGER,
    neighbour_id VARCHAR(128),
    users BIGINT,
    similarity DOUBLE PRECISION
)
DISTKEY (work_id)
SORTKEY (work_id, neighbour_rank);
