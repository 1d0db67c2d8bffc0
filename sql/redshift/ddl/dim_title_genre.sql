-- The genres of the titles in the title catalog.
-- Joined with views by title: each node has a full copy.
CREATE TABLE IF NOT EXISTS marquee.dim_title_genre (
    title_id VARCHAR(128),
    genre VARCHAR(128),
    place INTEGER
)
DISTSTYLE ALL
SORTKEY (title_id);
