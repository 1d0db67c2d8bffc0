-- Performance of a title since its release: one row per title and date, with the
-- days since release, the hours of that day and in total so far, and the day
-- compared with the title's best day.
CREATE OR REPLACE VIEW marquee.content_performance AS
SELECT
    title_daily.title_id,
    dim_title.name,
    dim_title.kind,
    dim_title.release_date,
    title_daily.event_date,
    title_daily.event_date - dim_title.release_date AS days_since_release,
    title_daily.viewers,
    CAST(title_daily.watch_ms AS DOUBLE PRECISION) / 3600000 AS hours,
    CAST(
        sum(title_daily.watch_ms) OVER (
            PARTITION BY title_daily.title_id
            ORDER BY title_daily.event_date
            ROWS UNBOUNDED PRECEDING
        ) AS DOUBLE PRECISION
    ) / 3600000 AS hours_so_far,
    CAST(title_daily.watch_ms AS DOUBLE PRECISION)
    / nullif(max(title_daily.watch_ms) OVER (PARTITION BY title_daily.title_id), 0)
        AS share_of_best_day,
    title_daily.completion_rate,
    title_daily.engagement_score
FROM marquee.title_daily
INNER JOIN marquee.dim_title
    ON dim_title.title_id = title_daily.title_id AND dim_title.is_current
WHERE dim_title.release_date <= title_daily.event_date
WITH NO SCHEMA BINDING;
