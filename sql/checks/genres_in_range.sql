-- No title of the title catalog has more than 64 genres, the limit of the genre
-- tables.
-- severity: warn
-- after: compact
SELECT
    title_id,
    length(genres) - length(replace(genres, '|', '')) + 1 AS genres
FROM titles
WHERE length(genres) - length(replace(genres, '|', '')) + 1 > 64
ORDER BY title_id ASC NULLS LAST
