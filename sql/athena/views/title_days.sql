-- Views, watch time and ratings of a title on a date, with its name, kind and series.
-- The three are null for a title that is not in the title catalog. Filter on
-- event_date.
CREATE OR REPLACE VIEW {database}.title_days AS
SELECT
    title_daily.event_date,
    title_daily.title_id,
    dim_title.name,
    dim_title.kind,
    dim_title.series_id,
    title_daily.views,
    title_daily.viewers,
    CAST(title_daily.watch_ms AS DOUBLE) / 3600000 AS hours,
    title_daily.completions,
    title_daily.completion_rate,
    title_daily.engagement_score,
    title_daily.ratings,
    title_daily.rating
FROM {database}.title_daily
LEFT JOIN {database}.dim_title ON dim_title.title_id = title_daily.title_id
