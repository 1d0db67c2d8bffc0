-- Item-to-item similarity from the likes of the last 30 days: one row per work and
-- neighbour, the nearest first. A work is a series, or a title that belongs to no
-- series. A user likes a work if a view of it has a rating of 3.5 or more, or no
-- rating and a completion rate of at least 0.5. The twenty most recent likes of a
-- user count. At most 50,000 of the users of the last 7 days are sampled, by the
-- ends of their ids, which bounds the number of pairs. The similarity is the cosine
-- between the users of both works. Each work gets ten additional users who like
-- nothing else, so that two users who agree once do not rank first.
-- partition: event_date
-- looks back: 29 days
-- rebuild: latest
WITH seen AS (
    SELECT DISTINCT user_id
    FROM fact_view
    WHERE
        event_date >= {date} - INTERVAL '6' DAY
        AND event_date <= {date}
),

asked AS (
    SELECT
        user_id,
        row_number() OVER (ORDER BY reverse(user_id) ASC NULLS LAST, user_id ASC NULLS LAST) AS place
    FROM seen
),

liked AS (
    SELECT
        fact_view.user_id,
        coalesce(fact_view.series_id, fact_view.title_id) AS work_id,
        max(fact_view.ended_at) AS last_seen_at
    FROM asked
    INNER JOIN fact_view ON fact_view.user_id = asked.user_id
    WHERE
        asked.place <= 50000
        AND fact_view.event_date >= {date} - INTERVAL '29' DAY
        AND fact_view.event_date <= {date}
        AND (
            fact_view.rating >= 3.5
            OR (fact_view.rating IS NULL AND fact_view.completion_rate >= 0.5)
        )
    GROUP BY fact_view.user_id, coalesce(fact_view.series_id, fact_view.title_id)
),

recent AS (
    SELECT
        user_id,
        work_id,
        row_number() OVER (
            PARTITION BY user_id
            ORDER BY last_seen_at DESC NULLS LAST, work_id ASC NULLS LAST
        ) AS from_last
    FROM liked
),

-- Each pair of works once, and each work with itself, which counts the work's users.
pairs AS (
    SELECT
        one.work_id AS one_id,
        other.work_id AS other_id,
        count(*) AS users
    FROM recent AS one
    INNER JOIN recent AS other ON other.user_id = one.user_id
    WHERE
        one.from_last <= 20
        AND other.from_last <= 20
        AND one.work_id <= other.work_id
    GROUP BY one.work_id, other.work_id
    HAVING count(*) >= 2
),

both_ways AS (
    SELECT
        CASE WHEN sides.side = 1 THEN pairs.one_id ELSE pairs.other_id END AS work_id,
        CASE WHEN sides.side = 1 THEN pairs.other_id ELSE pairs.one_id END AS neighbour_id,
        pairs.users
    FROM (VALUES (1), (2)) AS sides (side)
    CROSS JOIN pairs
    WHERE sides.side = 1 OR pairs.one_id < pairs.other_id
),

with_users AS (
    SELECT
        work_id,
        neighbour_id,
        users,
        max(CASE WHEN work_id = neighbour_id THEN users END) OVER (PARTITION BY work_id)
            AS work_users,
        max(CASE WHEN work_id = neighbour_id THEN users END) OVER (PARTITION BY neighbour_id)
            AS neighbour_users
    FROM both_ways
),

measured AS (
    SELECT
        work_id,
        neighbour_id,
        users,
        CAST(users AS DOUBLE)
        / sqrt(CAST((work_users + 10) * (neighbour_users + 10) AS DOUBLE)) AS similarity
    FROM with_users
    WHERE work_id <> neighbour_id
),

ranked AS (
    SELECT
        work_id,
        neighbour_id,
        users,
        similarity,
        row_number() OVER (
            PARTITION BY work_id
            ORDER BY similarity DESC NULLS LAST, neighbour_id ASC NULLS LAST
        ) AS neighbour_rank
    FROM measured
)

SELECT
    work_id,
    CAST(neighbour_rank AS INTEGER) AS neighbour_rank,
    neighbour_id,
    users,
    similarity
FROM ranked
WHERE neighbour_rank <= 50
ORDER BY work_id ASC NULLS LAST, neighbour_rank ASC NULLS LAST
