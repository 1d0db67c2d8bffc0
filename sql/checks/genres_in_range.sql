-- No title of the catalogue has more than 64 genres, which is as many as the
-- tables of genres look for.
-- severity: warn
-- after: compact
SELECT
    title_id,
    length(genres) - length(replace(genres, '|', '')) + 1 AS genres
FROM titles
WHERE length(genres) - length(replace(genres, '|', '')) + 1 > 64
ORDER BY title_id ASC NULLS LAST
