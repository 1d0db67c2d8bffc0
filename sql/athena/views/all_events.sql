-- Every event once, up to about a minute ago: the curated events, and those that are not curated yet.
-- The name `events` belongs to the curated table, which `publish` creates: a view
-- of that name would make `publish` fail. Recent arrivals are deduplicated as
-- curation does it: of equal user, event_id and date, the first arrival is kept.
-- Events that are already curated are left out. An event that happened more than
-- three days ago appears after the next daily run. Always filter on event_date: the
-- filter bounds the scan.
CREATE OR REPLACE VIEW {database}.all_events AS
WITH arrived AS (
    SELECT
        event_date,
        event_id,
        event_type,
        event_time,
        user_id,
        session_id,
        profile_id,
        country,
        device_type,
        device_os,
        app_version,
        title_id,
        position_ms,
        from_position_ms,
        query,
        results,
        row_index,
        rating,
        series_id,
        genres,
        runtime_ms,
        completion_rate,
        extra,
        producer_id,
        producer_seq,
        shard_id,
        sequence_number,
        sub_sequence,
        arrived_at,
        network_type,
        row_number() OVER (
            PARTITION BY event_date, user_id, event_id
            ORDER BY arrived_at ASC, shard_id ASC, sequence_number ASC, sub_sequence ASC
        ) AS copy
    FROM {database}.processed_events
    WHERE
        -- The clock of a device may be up to an hour ahead of the arrival.
        ingest_date >= current_date - INTERVAL '4' DAY
        AND ingest_date <= current_date
        AND event_date >= current_date - INTERVAL '3' DAY
)

SELECT
    event_date,
    true AS is_curated,
    event_id,
    event_type,
    event_time,
    user_id,
    session_id,
    profile_id,
    country,
    device_type,
    device_os,
    app_version,
    title_id,
    position_ms,
    from_position_ms,
    query,
    results,
    row_index,
    rating,
    series_id,
    genres,
    runtime_ms,
    completion_rate,
    extra,
    producer_id,
    producer_seq,
    shard_id,
    sequence_number,
    sub_sequence,
    arrived_at,
    network_type
FROM {database}.events
UNION ALL
SELECT
    event_date,
    false AS is_curated,
    event_id,
    event_type,
    event_time,
    user_id,
    session_id,
    profile_id,
    country,
    device_type,
    device_os,
    app_version,
    title_id,
    position_ms,
    from_position_ms,
    query,
    results,
    row_index,
    rating,
    series_id,
    genres,
    runtime_ms,
    completion_rate,
    extra,
    producer_id,
    producer_seq,
    shard_id,
    sequence_number,
    sub_sequence,
    arrived_at,
    network_type
FROM arrived
WHERE
    copy = 1
    AND NOT EXISTS (
        SELECT 1
        FROM {database}.events AS curated
        WHERE
            curated.event_date >= current_date - INTERVAL '3' DAY
            AND curated.event_date = arrived.event_date
            AND curated.user_id = arrived.user_id
            AND curated.event_id = arrived.event_id
    )
