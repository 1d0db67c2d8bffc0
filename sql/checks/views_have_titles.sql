-- Every title that was watched or rated is in the title catalog. The result has one
-- row per title that is not; such a title has no runtime, genres or series.
-- severity: warn
-- after: compact
SELECT
    fact_view.title_id,
    count(*) AS views
FROM fact_view
LEFT JOIN titles ON titles.title_id = fact_view.title_id
WHERE fact_view.event_date = {date} AND titles.title_id IS NULL
GROUP BY fact_view.title_id
ORDER BY views DESC NULLS LAST, fact_view.title_id ASC NULLS LAST
