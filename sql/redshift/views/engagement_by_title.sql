-- Engagement per title and date, with the current entry of the title catalog.
CREATE OR REPLACE VIEW marquee.engagement_by_title AS
SELECT
    title_daily.event_date,
    title_daily.title_id,
    dim_title.name,
    dim_title.kind,
    dim_title.series_id,
    split_part(dim_title.genres, '|', 1) AS chief_genre,
    title_daily.views,
    title_daily.viewers,
    CAST(title_daily.watch_ms AS DOUBLE PRECISION) / 3600000 AS hours,
    title_daily.completions,
    title_daily.completion_rate,
    title_daily.engagement_score,
    CAST(title_daily.pauses + title_daily.seeks AS DOUBLE PRECISION)
    / nullif(title_daily.views, 0) AS interruptions_per_view,
    title_daily.ratings,
    title_daily.rating
FROM marquee.title_daily
LEFT JOIN marquee.dim_title
    ON dim_title.title_id = title_daily.title_id AND dim_title.is_current
WITH NO SCHEMA BINDING;
