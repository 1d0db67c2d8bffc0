-- The titles with the most watch time. A series counts as one title, under the name
-- that its episodes share.
WITH watched AS (
    SELECT
        coalesce(series_id, title_id) AS work_id,
        sum(watch_ms) AS watch_ms,
        count(DISTINCT user_id) AS viewers,
        count(CASE WHEN completed THEN 1 END) AS completions
    FROM fact_view
    WHERE watch_ms > 0
    GROUP BY coalesce(series_id, title_id)
),

works AS (
    SELECT
        coalesce(series_id, title_id) AS work_id,
        min(regexp_replace(name, ' S[0-9]+E[0-9]+$', '')) AS name
    FROM titles
    GROUP BY coalesce(series_id, title_id)
)

SELECT
    coalesce(works.name, watched.work_id) AS title,
    CAST(watched.watch_ms AS DOUBLE) / 3600000 AS hours,
    watched.viewers,
    watched.completions
FROM watched
LEFT JOIN works ON works.work_id = watched.work_id
ORDER BY hours DESC NULLS LAST, title ASC NULLS LAST
LIMIT 10
