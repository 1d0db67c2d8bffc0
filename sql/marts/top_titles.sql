-- The top 100 titles of a date by each of three measures: one row per measure and
-- title, with the ranks gained since the day before. Ties share a rank, so there
-- can be a few more rows. A title for which the measure is 0 has no rank.
-- partition: event_date
-- looks back: 1 day
-- rebuild: dates
WITH by_user AS (
    SELECT
        event_date,
        title_id,
        user_id,
        sum(watch_ms) AS watch_ms,
        count(CASE WHEN completed THEN 1 END) AS completions
    FROM fact_view
    WHERE
        event_date >= {date} - INTERVAL '1' DAY
        AND event_date <= {date}
    GROUP BY event_date, title_id, user_id
),

by_title AS (
    SELECT
        event_date,
        title_id,
        sum(watch_ms) AS watch_ms,
        count(CASE WHEN watch_ms > 0 THEN 1 END) AS viewers,
        sum(completions) AS completions
    FROM by_user
    GROUP BY event_date, title_id
),

ranked AS (
    SELECT
        event_date,
        title_id,
        watch_ms,
        viewers,
        completions,
        rank() OVER (PARTITION BY event_date ORDER BY watch_ms DESC NULLS LAST) AS by_watch_time,
        rank() OVER (PARTITION BY event_date ORDER BY viewers DESC NULLS LAST) AS by_viewers,
        rank() OVER (PARTITION BY event_date ORDER BY completions DESC NULLS LAST)
            AS by_completions
    FROM by_title
),

measured AS (
    SELECT
        measures.measure,
        ranked.event_date,
        ranked.title_id,
        CASE measures.measure
            WHEN 'watch_time' THEN ranked.watch_ms
            WHEN 'viewers' THEN ranked.viewers
            ELSE ranked.completions
        END AS measured,
        CAST(
            CASE measures.measure
                WHEN 'watch_time' THEN ranked.by_watch_time
                WHEN 'viewers' THEN ranked.by_viewers
                ELSE ranked.by_completions
            END AS BIGINT
        ) AS title_rank
    FROM ranked
    CROSS JOIN (VALUES ('watch_time'), ('viewers'), ('completions')) AS measures (measure)
),

both_days AS (
    SELECT
        measure,
        title_id,
        max(CASE WHEN event_date = {date} THEN measured END) AS measured,
        max(CASE WHEN event_date = {date} THEN title_rank END) AS title_rank,
        max(CASE WHEN event_date < {date} THEN title_rank END) AS rank_before
    FROM measured
    WHERE measured > 0
    GROUP BY measure, title_id
)

SELECT
    both_days.measure,
    both_days.title_rank,
    both_days.title_id,
    titles.name,
    both_days.measured,
    both_days.rank_before,
    both_days.rank_before - both_days.title_rank AS climbed
FROM both_days
LEFT JOIN titles ON titles.title_id = both_days.title_id
WHERE both_days.title_rank <= 100
ORDER BY
    both_days.measure ASC NULLS LAST,
    both_days.title_rank ASC NULLS LAST,
    both_days.title_id ASC NULLS LAST
