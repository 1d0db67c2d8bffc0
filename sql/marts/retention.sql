-- Retention after 1, 7 and 28 days: of the users who were active that many days
-- before, the number that came back on the date. One row per number of days, under
-- the date on which users came back or did not. There is no row if no user was
-- active on the earlier day.
-- partition: event_date
-- looks back: 28 days
-- rebuild: dates
WITH cohorts AS (
    SELECT
        spans.days,
        spans.cohort_date
    FROM (
        VALUES
            (1, CAST({date} - INTERVAL '1' DAY AS DATE)),
            (7, CAST({date} - INTERVAL '7' DAY AS DATE)),
            (28, CAST({date} - INTERVAL '28' DAY AS DATE))
    ) AS spans (days, cohort_date)
),

seen AS (
    SELECT
        event_date,
        user_id
    FROM fact_session
    WHERE
        event_date = {date}
        OR event_date = {date} - INTERVAL '1' DAY
        OR event_date = {date} - INTERVAL '7' DAY
        OR event_date = {date} - INTERVAL '28' DAY
    GROUP BY event_date, user_id
),

today AS (
    SELECT user_id
    FROM seen
    WHERE event_date = {date}
)

SELECT
    CAST(cohorts.days AS INTEGER) AS days,
    cohorts.cohort_date,
    count(*) AS users,
    count(today.user_id) AS returned,
    CAST(count(today.user_id) AS DOUBLE) / CAST(count(*) AS DOUBLE) AS retention
FROM cohorts
INNER JOIN seen ON seen.event_date = cohorts.cohort_date
LEFT JOIN today ON today.user_id = seen.user_id
GROUP BY cohorts.days, cohorts.cohort_date
ORDER BY days ASC NULLS LAST
