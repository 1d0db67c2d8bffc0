-- Changes of rank of a date's top titles since the day before. Titles that dropped
-- out of the top 100 are not included.
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
