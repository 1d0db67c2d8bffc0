-- Bingeing by date and kind of device. A binge is a session with three or more
-- views of one series, each watched to at least 70 %. A session counts on the date
-- on which it closed.
CREATE OR REPLACE VIEW marquee.binge AS
SELECT
    event_date,
    device_type,
    count(*) AS sessions,
    count(CASE WHEN is_binge THEN 1 END) AS binges,
    CAST(count(CASE WHEN is_binge THEN 1 END) AS DOUBLE PRECISION) / count(*) AS binge_share,
    CAST(sum(watch_ms) AS DOUBLE PRECISION) / 3600000 AS hours,
    CAST(sum(CASE WHEN is_binge THEN watch_ms ELSE 0 END) AS DOUBLE PRECISION)
    / 3600000 AS binge_hours,
    CAST(sum(CASE WHEN is_binge THEN watch_ms ELSE 0 END) AS DOUBLE PRECISION)
    / nullif(sum(watch_ms), 0) AS share_of_hours,
    CAST(sum(CASE WHEN is_binge THEN titles ELSE 0 END) AS DOUBLE PRECISION)
    / nullif(count(CASE WHEN is_binge THEN 1 END), 0) AS titles_per_binge
FROM marquee.session
GROUP BY event_date, device_type
WITH NO SCHEMA BINDING;
