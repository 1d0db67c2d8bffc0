-- Every mart has at most one row per key.
-- severity: error
-- after: marts
SELECT 'session' AS mart, user_id AS key_1, session_id AS key_2, count(*) AS found
FROM session
WHERE event_date = {date}
GROUP BY user_id, session_id
HAVING count(*) > 1
UNION ALL
SELECT 'title_daily' AS mart, title_id AS key_1, CAST(NULL AS VARCHAR) AS key_2, count(*) AS found
FROM title_daily
WHERE event_date = {date}
GROUP BY title_id
HAVING count(*) > 1
UNION ALL
SELECT 'genre_daily' AS mart, genre AS key_1, CAST(NULL AS VARCHAR) AS key_2, count(*) AS found
FROM genre_daily
WHERE event_date = {date}
GROUP BY genre
HAVING count(*) > 1
UNION ALL
SELECT 'country_device_daily' AS mart, country AS key_1, device_type AS key_2, count(*) AS found
FROM country_device_daily
WHERE event_date = {date}
GROUP BY country, device_type
HAVING count(*) > 1
UNION ALL
SELECT 'search_daily' AS mart, query AS key_1, CAST(NULL AS VARCHAR) AS key_2, count(*) AS found
FROM search_daily
WHERE event_date = {date}
GROUP BY query
HAVING count(*) > 1
UNION ALL
SELECT 'user_daily' AS mart, user_id AS key_1, CAST(NULL AS VARCHAR) AS key_2, count(*) AS found
FROM user_daily
WHERE event_date = {date}
GROUP BY user_id
HAVING count(*) > 1
UNION ALL
SELECT 'top_titles' AS mart, measure AS key_1, title_id AS key_2, count(*) AS found
FROM top_titles
WHERE event_date = {date}
GROUP BY measure, title_id
HAVING count(*) > 1
UNION ALL
SELECT 'user_genre_affinity' AS mart, user_id AS key_1, genre AS key_2, count(*) AS found
FROM user_genre_affinity
WHERE event_date = {date}
GROUP BY user_id, genre
HAVING count(*) > 1
UNION ALL
SELECT 'title_rating' AS mart, title_id AS key_1, CAST(NULL AS VARCHAR) AS key_2, count(*) AS found
FROM title_rating
WHERE event_date = {date}
GROUP BY title_id
HAVING count(*) > 1
UNION ALL
SELECT 'user_top_rated' AS mart, user_id AS key_1, title_id AS key_2, count(*) AS found
FROM user_top_rated
WHERE event_date = {date}
GROUP BY user_id, title_id
HAVING count(*) > 1
UNION ALL
SELECT 'user_title' AS mart, user_id AS key_1, title_id AS key_2, count(*) AS found
FROM user_title
WHERE event_date = {date}
GROUP BY user_id, title_id
HAVING count(*) > 1
UNION ALL
SELECT 'user_title_daily' AS mart, user_id AS key_1, title_id AS key_2, count(*) AS found
FROM user_title_daily
WHERE event_date = {date}
GROUP BY user_id, title_id, seen_on
HAVING count(*) > 1
UNION ALL
SELECT 'title_popularity' AS mart, title_id AS key_1, CAST(NULL AS VARCHAR) AS key_2, count(*) AS found
FROM title_popularity
WHERE event_date = {date}
GROUP BY title_id
HAVING count(*) > 1
UNION ALL
SELECT 'title_neighbour' AS mart, work_id AS key_1, neighbour_id AS key_2, count(*) AS found
FROM title_neighbour
WHERE event_date = {date}
GROUP BY work_id, neighbour_id
HAVING count(*) > 1
UNION ALL
SELECT 'dim_title' AS mart, title_id AS key_1, CAST(NULL AS VARCHAR) AS key_2, count(*) AS found
FROM dim_title
GROUP BY title_id
HAVING count(*) > 1
UNION ALL
SELECT 'dim_title_genre' AS mart, title_id AS key_1, genre AS key_2, count(*) AS found
FROM dim_title_genre
GROUP BY title_id, genre
HAVING count(*) > 1
ORDER BY mart ASC NULLS LAST, key_1 ASC NULLS LAST, key_2 ASC NULLS LAST
