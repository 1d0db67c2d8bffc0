-- The title catalog: one row per title.
-- partition: none
-- looks back: 0 days
-- rebuild: latest
SELECT
    title_id,
    name,
    kind,
    series_id,
    season,
    episode,
    genres,
    runtime_ms,
    release_date
FROM titles
ORDER BY title_id ASC NULLS LAST
