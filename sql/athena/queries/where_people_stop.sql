-- Views of the ten most watched titles of the last 7 days, by the tenth of the title that was reached.
-- Tenth 10 means that the title was watched to its end. Views of a title of unknown
-- length are left out.
WITH views AS (
    SELECT
        title_id,
        CASE
            WHEN completed THEN 10
            ELSE least(9, CAST(floor(completion_rate * 10) AS INTEGER))
        END AS tenth
    FROM {database}.fact_view
    WHERE
        event_date >= current_date - INTERVAL '7' DAY
        AND event_date < current_date
        AND watch_ms > 0
        AND (completed OR completion_rate IS NOT NULL)
),

most_watched AS (
    SELECT
        title_id,
        count(*) AS views
    FROM views
    GROUP BY title_id
    ORDER BY views DESC, title_id ASC
    LIMIT 10
)

SELECT
    coalesce(dim_title.name, views.title_id) AS title,
    views.tenth,
    count(*) AS stopped,
    CAST(count(*) AS DOUBLE) / max(most_watched.views) AS share
FROM views
INNER JOIN most_watched ON most_watched.title_id = views.title_id
LEFT JOIN {database}.dim_title ON dim_title.title_id = views.title_id
GROUP BY views.title_id, dim_title.name, views.tenth
ORDER BY max(most_watched.views) DESC, views.title_id ASC, views.tenth ASC
