-- Every view starts no later than it ends, lies on its date, has events and no
-- negative counts, and has rates and scores within their ranges.
-- severity: error
-- after: compact
SELECT *
FROM fact_view
WHERE
    event_date = {date}
    AND (
        started_at > ended_at
        OR CAST(started_at AS DATE) <> event_date
        OR CAST(ended_at AS DATE) <> event_date
        OR events < 1
        OR watch_ms < 0
        OR pauses < 0
        OR seeks < 0
        OR completion_rate < 0 OR completion_rate > 1
        OR (completion_rate >= 0.95 AND NOT completed)
        OR rating < 0.5 OR rating > 5
        OR engagement_score < 0 OR engagement_score > 1
    )
ORDER BY
    user_id ASC NULLS LAST,
    session_id ASC NULLS LAST,
    title_id ASC NULLS LAST
