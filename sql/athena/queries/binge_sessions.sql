-- Binged series: sessions of the last 7 days with three or more views of one series, each watched to at least 70 %.
WITH binged AS (
    SELECT
        event_date,
        user_id,
        session_id,
        series_id,
        count(*) AS titles,
        sum(watch_ms) AS watch_ms
    FROM {database}.fact_view
    WHERE
        event_date >= current_date - INTERVAL '7' DAY
        AND event_date < current_date
        AND series_id IS NOT NULL
        -- completion_rate is stored in single precision.
        AND completion_rate >= REAL '0.7'
    GROUP BY event_date, user_id, session_id, series_id
    HAVING count(*) >= 3
),

series AS (
    SELECT
        series_id,
        min(name) AS first_title
    FROM {database}.dim_title
    WHERE series_id IS NOT NULL
    GROUP BY series_id
)

SELECT
    binged.series_id,
    max(series.first_title) AS first_title,
    count(*) AS binges,
    count(DISTINCT binged.user_id) AS viewers,
    CAST(sum(binged.titles) AS DOUBLE) / count(*) AS titles_a_binge,
    CAST(sum(binged.watch_ms) AS DOUBLE) / 3600000 / count(*) AS hours_a_binge
FROM binged
LEFT JOIN series ON series.series_id = binged.series_id
GROUP BY binged.series_id
ORDER BY binges DESC, binged.series_id ASC
LIMIT 50
