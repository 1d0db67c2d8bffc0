-- The twenty titles with the most hours watched yesterday.
SELECT
    coalesce(dim_title.name, title_daily.title_id) AS title,
    title_daily.viewers,
    title_daily.views,
    CAST(title_daily.watch_ms AS DOUBLE) / 3600000 AS hours,
    title_daily.completions,
    title_daily.completion_rate,
    title_daily.engagement_score
FROM {database}.title_daily
LEFT JOIN {database}.dim_title ON dim_title.title_id = title_daily.title_id
WHERE title_daily.event_date = current_date - INTERVAL '1' DAY
ORDER BY hours DESC NULLS LAST, title ASC NULLS LAST
LIMIT 20
