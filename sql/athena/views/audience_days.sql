-- Users, viewers, sessions and hours watched: one row per date, for charts over time.
-- Filter on event_date.
CREATE OR REPLACE VIEW {database}.audience_days AS
SELECT
    event_date,
    count(*) AS users,
    count(CASE WHEN watch_ms > 0 THEN 1 END) AS viewers,
    sum(sessions) AS sessions,
    sum(events) AS events,
    CAST(sum(watch_ms) AS DOUBLE) / 3600000 AS hours,
    sum(views) AS views,
    sum(completions) AS completions,
    sum(searches) AS searches,
    sum(binges) AS binges
FROM {database}.user_daily
GROUP BY event_date
