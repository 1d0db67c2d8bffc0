-- Engagement per genre and date, and the genre's share of the hours of all genres.
-- A title with several genres counts fully in each of them. The hours therefore do
-- not add up to those of titles; the shares add up to 1.
CREATE OR REPLACE VIEW marquee.engagement_by_genre AS
SELECT
    event_date,
    genre,
    views,
    viewers,
    CAST(watch_ms AS DOUBLE PRECISION) / 3600000 AS hours,
    CAST(watch_ms AS DOUBLE PRECISION)
    / nullif(sum(watch_ms) OVER (PARTITION BY event_date), 0) AS share_of_hours,
    CAST(completions AS DOUBLE PRECISION) / nullif(views, 0) AS completed_share,
    engagement_score
FROM marquee.genre_daily
WITH NO SCHEMA BINDING;
