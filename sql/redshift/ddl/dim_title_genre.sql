-- A genre of a title of the catalogue. Joined with views by title: every node
-- has it whole.
CREATE TABLE IF NOT EXISTS marquee.dim_title_genre (
    title_id VARCHAR(128),
    genre VARCHAR(128),
    place INTEGER
)
DISTSTYLE ALL
SORTKEY (title_id);
