-- The facts match the events: sessions and views count every event that belongs to
-- them, and the watch time of sessions equals that of their views.
-- severity: error
-- after: compact
WITH counted AS (
    SELECT
        count(*) AS events,
        count(CASE WHEN event_type = 'search' THEN 1 END) AS searches,
        count(
            CASE
                WHEN event_type NOT IN ('search', 'browse', 'add_to_list', 'remove_from_list')
                    THEN 1
            END
        ) AS of_views,
        count(CASE WHEN event_type = 'pause' THEN 1 END) AS pauses,
        count(CASE WHEN event_type = 'seek' THEN 1 END) AS seeks
    FROM events
    WHERE event_date = {date}
),

sessions AS (
    SELECT
        coalesce(sum(events), 0) AS events,
        coalesce(sum(CAST(searches AS BIGINT)), 0) AS searches,
        coalesce(sum(watch_ms), 0) AS watch_ms
    FROM fact_session
    WHERE event_date = {date}
),

views AS (
    SELECT
        coalesce(sum(CAST(events AS BIGINT)), 0) AS events,
        coalesce(sum(CAST(pauses AS BIGINT)), 0) AS pauses,
        coalesce(sum(CAST(seeks AS BIGINT)), 0) AS seeks,
        coalesce(sum(watch_ms), 0) AS watch_ms
    FROM fact_view
    WHERE event_date = {date}
),

figures AS (
    SELECT 'fact_session.events' AS figure, sessions.events AS fact, counted.events AS expected
    FROM sessions CROSS JOIN counted
    UNION ALL
    SELECT 'fact_session.searches' AS figure, sessions.searches AS fact, counted.searches AS expected
    FROM sessions CROSS JOIN counted
    UNION ALL
    SELECT 'fact_session.watch_ms' AS figure, sessions.watch_ms AS fact, views.watch_ms AS expected
    FROM sessions CROSS JOIN views
    UNION ALL
    SELECT 'fact_view.events' AS figure, views.events AS fact, counted.of_views AS expected
    FROM views CROSS JOIN counted
    UNION ALL
    SELECT 'fact_view.pauses' AS figure, views.pauses AS fact, counted.pauses AS expected
    FROM views CROSS JOIN counted
    UNION ALL
    SELECT 'fact_view.seeks' AS figure, views.seeks AS fact, counted.seeks AS expected
    FROM views CROSS JOIN counted
)

SELECT
    figure,
    fact,
    expected
FROM figures
WHERE fact <> expected
ORDER BY figure ASC NULLS LAST
