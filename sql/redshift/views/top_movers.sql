-- How the ranks of a date's first titles have changed since the day before. Those
-- that fell out of the first hundred are not here.
CREATE OR REPLACE VIEW marquee.top_movers AS
SELECT
    event_date,
    measure,
    title_id,
    name,
    title_rank,
    rank_before,
    climbed,
    CASE
        WHEN rank_before IS NULL THEN 'new'
        WHEN climbed > 0 THEN 'up'
        WHEN climbed < 0 THEN 'down'
        ELSE 'same'
    END AS movement
FROM marquee.top_titles
WITH NO SCHEMA BINDING;
