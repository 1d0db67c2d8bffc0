-- The events of one user in the last 7 days in order, up to about a minute ago.
-- Replace the first SELECT, which picks the busiest user of yesterday, with the id
-- of your user.
WITH asked AS (
    SELECT max_by(user_id, events) AS user_id
    FROM {database}.user_daily
    WHERE event_date = current_date - INTERVAL '1' DAY
)

SELECT
    all_events.event_time,
    all_events.event_type,
    coalesce(dim_title.name, all_events.title_id) AS title,
    round(CAST(all_events.position_ms AS DOUBLE) / 60000, 1) AS minute,
    all_events.query,
    all_events.rating,
    all_events.session_id,
    all_events.device_type,
    all_events.is_curated
FROM {database}.all_events
INNER JOIN asked ON asked.user_id = all_events.user_id
LEFT JOIN {database}.dim_title ON dim_title.title_id = all_events.title_id
WHERE
    all_events.event_date >= current_date - INTERVAL '7' DAY
    AND all_events.event_date <= current_date
ORDER BY all_events.event_time ASC, all_events.arrived_at ASC, all_events.event_id ASC
