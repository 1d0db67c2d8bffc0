-- Retention of new users: of those first seen on a date, the number seen again a
-- given number of days later. The table `retention` counts all active users, this
-- view only new ones.
CREATE OR REPLACE VIEW marquee.cohort_retention AS
WITH newcomers AS (
    SELECT
        user_id,
        min(event_date) AS cohort_date
    FROM marquee.user_daily
    GROUP BY user_id
),

cohorts AS (
    SELECT
        cohort_date,
        count(*) AS users
    FROM newcomers
    GROUP BY cohort_date
),

seen AS (
    SELECT
        newcomers.cohort_date,
        user_daily.event_date - newcomers.cohort_date AS days_later,
        count(*) AS returned
    FROM newcomers
    INNER JOIN marquee.user_daily ON user_daily.user_id = newcomers.user_id
    GROUP BY newcomers.cohort_date, user_daily.event_date - newcomers.cohort_date
)

SELECT
    cohorts.cohort_date,
    seen.days_later,
    cohorts.users,
    seen.returned,
    CAST(seen.returned AS DOUBLE PRECISION) / cohorts.users AS retention
FROM cohorts
INNER JOIN seen ON seen.cohort_date = cohorts.cohort_date
WITH NO SCHEMA BINDING;
