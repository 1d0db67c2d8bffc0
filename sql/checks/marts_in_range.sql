-- Rates and scores of the marts are between 0 and 1, ratings between 0.5 and 5, and
-- no mart counts more users than actions of these users.
-- severity: error
-- after: marts
SELECT 'title_daily' AS mart, title_id AS key_1
FROM title_daily
WHERE
    event_date = {date}
    AND (
        completion_rate < 0 OR completion_rate > 1
        OR engagement_score < 0 OR engagement_score > 1
        OR rating < 0.5 OR rating > 5
        OR viewers > views
    )
UNION ALL
SELECT 'genre_daily' AS mart, genre AS key_1
FROM genre_daily
WHERE
    event_date = {date}
    AND (engagement_score < 0 OR engagement_score > 1 OR viewers > views OR genre = '')
UNION ALL
SELECT 'country_device_daily' AS mart, country AS key_1
FROM country_device_daily
WHERE event_date = {date} AND (users > sessions OR sessions > events)
UNION ALL
SELECT 'search_daily' AS mart, query AS key_1
FROM search_daily
WHERE event_date = {date} AND (users > searches OR without_results > searches OR results < 0)
UNION ALL
SELECT 'user_genre_affinity' AS mart, user_id AS key_1
FROM user_genre_affinity
WHERE event_date = {date} AND (share <= 0 OR share > 1)
UNION ALL
SELECT 'title_rating' AS mart, title_id AS key_1
FROM title_rating
WHERE
    event_date = {date}
    AND (rating < 0.5 OR rating > 5 OR weighted_rating < 0.5 OR weighted_rating > 5)
UNION ALL
SELECT 'user_title' AS mart, user_id AS key_1
FROM user_title
WHERE
    event_date = {date}
    AND (
        completion_rate < 0 OR completion_rate > 1
        OR rating < 0.5 OR rating > 5
        OR (views > 0) <> (watch_ms > 0)
    )
UNION ALL
SELECT 'user_title_daily' AS mart, user_id AS key_1
FROM user_title_daily
WHERE
    event_date = {date}
    AND (
        completion_rate < 0 OR completion_rate > 1
        OR rating < 0.5 OR rating > 5
        OR (views > 0) <> (watch_ms > 0)
        OR (rating IS NULL) <> (rated_at IS NULL)
        OR seen_on > {date} OR seen_on < {date} - INTERVAL '399' DAY
    )
UNION ALL
SELECT 'title_popularity' AS mart, title_id AS key_1
FROM title_popularity
WHERE
    event_date = {date}
    AND (
        engagement_score < 0 OR engagement_score > 1
        OR popularity_rank < 1
        OR (viewers > 0) <> (watch_ms > 0)
    )
UNION ALL
SELECT 'title_neighbour' AS mart, work_id AS key_1
FROM title_neighbour
WHERE
    event_date = {date}
    AND (
        similarity <= 0 OR similarity >= 1
        OR neighbour_rank < 1 OR neighbour_rank > 50
        OR users < 2
        OR work_id = neighbour_id
    )
UNION ALL
SELECT 'retention' AS mart, CAST(days AS VARCHAR) AS key_1
FROM retention
WHERE event_date = {date} AND (returned > users OR users < 1)
ORDER BY mart ASC NULLS LAST, key_1 ASC NULLS LAST
