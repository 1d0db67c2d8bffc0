-- The genres of the titles in the title catalog: one row per title and genre. The
-- main genre has place 1.
-- partition: none
-- looks back: 0 days
-- rebuild: latest
WITH places AS (
    -- The positions in a list of genres: 1 to 64.
    SELECT eights.n * 8 + ones.n AS place
    FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7)) AS eights (n)
    CROSS JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8)) AS ones (n)
),

lists AS (
    SELECT
        title_id,
        genres,
        length(genres) - length(replace(genres, '|', '')) + 1 AS places
    FROM titles
    WHERE genres IS NOT NULL
)

SELECT
    lists.title_id,
    split_part(lists.genres, '|', places.place) AS genre,
    CAST(min(places.place) AS INTEGER) AS place
FROM lists
INNER JOIN places ON places.place <= lists.places
GROUP BY lists.title_id, split_part(lists.genres, '|', places.place)
ORDER BY title_id ASC NULLS LAST, place ASC NULLS LAST
