-- The date has between half and double the mean number of events of the seven days
-- before, if at least three of these days have events.
-- severity: warn
-- after: compact
-- looks back: 7 days
WITH by_date AS (
    SELECT
        event_date,
        sum(events) AS events
    FROM fact_session
    WHERE
        event_date >= {date} - INTERVAL '7' DAY
        AND event_date <= {date}
    GROUP BY event_date
),

compared AS (
    SELECT
        coalesce(sum(CASE WHEN event_date = {date} THEN events END), 0) AS events,
        coalesce(sum(CASE WHEN event_date < {date} THEN events END), 0) AS events_before,
        count(CASE WHEN event_date < {date} THEN 1 END) AS dates_before
    FROM by_date
)

SELECT
    events,
    CAST(events_before AS DOUBLE) / CAST(dates_before AS DOUBLE) AS mean_before
FROM compared
WHERE
    dates_before >= 3
    AND (events * dates_before * 2 < events_before OR events * dates_before > events_before * 2)
