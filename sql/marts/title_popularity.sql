-- Popularity over the last 7 days: one row per title that was watched or rated,
-- ordered by the number of viewers, then by watch time. A user counts once per
-- title.
-- partition: event_date
-- looks back: 6 days
-- rebuild: latest
WITH by_user AS (
    SELECT
        title_id,
        user_id,
        count(CASE WHEN watch_ms > 0 THEN 1 END) AS views,
        sum(watch_ms) AS watch_ms,
        bool_or(completed) AS completed,
        sum(
            CASE
                WHEN watch_ms > 0
                    THEN CAST(round(CAST(engagement_score AS DOUBLE) * 1000000) AS BIGINT)
                ELSE 0
            END
        ) AS engagement_millionths
    FROM fact_view
    WHERE
        event_date >= {date} - INTERVAL '6' DAY
        AND event_date <= {date}
    GROUP BY title_id, user_id
),

by_title AS (
    SELECT
        title_id,
        count(CASE WHEN views > 0 THEN 1 END) AS viewers,
        sum(watch_ms) AS watch_ms,
        count(CASE WHEN completed THEN 1 END) AS completions,
        CAST(sum(engagement_millionths) AS DOUBLE)
        / CAST(nullif(sum(views), 0) * 1000000 AS DOUBLE) AS engagement_score
    FROM by_user
    GROUP BY title_id
)

SELECT
    CAST(
        row_number() OVER (
            ORDER BY
                by_title.viewers DESC NULLS LAST,
                by_title.watch_ms DESC NULLS LAST,
                by_title.title_id ASC NULLS LAST
        ) AS BIGINT
    ) AS popularity_rank,
    by_title.title_id,
    titles.name,
    by_title.viewers,
    by_title.watch_ms,
    by_title.completions,
    by_title.engagement_score
FROM by_title
LEFT JOIN titles ON titles.title_id = by_title.title_id
ORDER BY
    by_title.viewers DESC NULLS LAST,
    by_title.watch_ms DESC NULLS LAST,
    by_title.title_id ASC NULLS LAST
