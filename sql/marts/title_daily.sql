-- Views, watch time and ratings per title on a date: one row per title that was
-- watched or rated. Views without watch time do not count, for example of a title
-- that was only rated.
-- partition: event_date
-- looks back: 0 days
-- rebuild: dates
WITH by_user AS (
    SELECT
        title_id,
        user_id,
        count(CASE WHEN watch_ms > 0 THEN 1 END) AS views,
        sum(watch_ms) AS watch_ms,
        count(CASE WHEN completed THEN 1 END) AS completions,
        count(CASE WHEN watch_ms > 0 THEN completion_rate END) AS known_completions,
        sum(
            CASE
                WHEN watch_ms > 0 AND completion_rate IS NOT NULL
                    THEN CAST(round(CAST(completion_rate AS DOUBLE) * 1000000) AS BIGINT)
                ELSE 0
            END
        ) AS completion_millionths,
        sum(
            CASE
                WHEN watch_ms > 0
                    THEN CAST(round(CAST(engagement_score AS DOUBLE) * 1000000) AS BIGINT)
                ELSE 0
            END
        ) AS engagement_millionths,
        sum(CAST(pauses AS BIGINT)) AS pauses,
        sum(CAST(seeks AS BIGINT)) AS seeks,
        count(rating) AS ratings,
        sum(CASE WHEN rating IS NOT NULL THEN CAST(rating * 2 AS BIGINT) ELSE 0 END) AS rating_halves
    FROM fact_view
    WHERE event_date = {date}
    GROUP BY title_id, user_id
)

SELECT
    title_id,
    sum(views) AS views,
    count(CASE WHEN views > 0 THEN 1 END) AS viewers,
    sum(watch_ms) AS watch_ms,
    sum(completions) AS completions,
    CAST(sum(completion_millionths) AS DOUBLE)
    / CAST(nullif(sum(known_completions), 0) * 1000000 AS DOUBLE) AS completion_rate,
    CAST(sum(engagement_millionths) AS DOUBLE)
    / CAST(nullif(sum(views), 0) * 1000000 AS DOUBLE) AS engagement_score,
    sum(pauses) AS pauses,
    sum(seeks) AS seeks,
    sum(ratings) AS ratings,
    CAST(sum(rating_halves) AS DOUBLE) / CAST(nullif(sum(ratings), 0) * 2 AS DOUBLE) AS rating
FROM by_user
GROUP BY title_id
ORDER BY title_id ASC NULLS LAST
