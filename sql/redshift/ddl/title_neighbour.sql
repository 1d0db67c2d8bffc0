-- Similarity of works, of the newest date only.
-- Read by work, or joined with a user's likes: the distribution key keeps a work's
-- rows on one slice.
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
