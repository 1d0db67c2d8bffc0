"""DuckDB: the compaction of a date in SQL, one statement per table."""

import duckdb

from compact_peer import Day, run

ENRICHED = "('play', 'pause', 'resume', 'stop', 'complete', 'heartbeat', 'seek')"
COLUMNS = """event_id, event_type, event_time, user_id, session_id, profile_id, country,
    device_type, device_os, app_version, title_id, position_ms, from_position_ms, query, results,
    row_index, rating, extra, producer_id, producer_seq, shard_id, sequence_number, sub_sequence,
    arrived_at"""
CONTENT = """event_type, event_time, session_id, profile_id, country, device_type, device_os,
    app_version, title_id, position_ms, from_position_ms, query, results, row_index, rating,
    extra"""
# Sequence numbers have the same length, so text and numeric order are equal.
IDENTITY = "shard_id, sequence_number, sub_sequence"


def deduplicated(day: Day) -> str:
    return f"""
    CREATE TEMP TABLE claims AS
    SELECT
        {COLUMNS},
        row_number() OVER (
            PARTITION BY user_id, event_id ORDER BY arrived_at, {IDENTITY}
        ) AS place
    FROM (
        SELECT
            {COLUMNS},
            row_number() OVER (PARTITION BY {IDENTITY} ORDER BY arrived_at) AS delivery
        FROM read_parquet('{day.inputs}')
        WHERE event_date = DATE '{day.date}'
    )
    WHERE delivery = 1
    """


EVENTS = f"""
    SELECT
        e.event_id, e.event_type, e.event_time, e.user_id, e.session_id, e.profile_id, e.country,
        e.device_type, e.device_os, e.app_version, e.title_id, e.position_ms, e.from_position_ms,
        e.query, e.results, e.row_index, e.rating, t.series_id, t.genres, t.runtime_ms,
        CASE WHEN e.event_type IN {ENRICHED}
            THEN CAST(least(e.position_ms / t.runtime_ms, 1) AS FLOAT) END AS completion_rate,
        e.extra, e.producer_id, e.producer_seq, e.shard_id, e.sequence_number, e.sub_sequence,
        e.arrived_at
    FROM claims AS e LEFT JOIN titles AS t ON t.title_id = e.title_id
    WHERE e.place = 1
    ORDER BY e.user_id, e.event_time, e.arrived_at, e.shard_id, e.sequence_number, e.sub_sequence
"""

DROPPED = f"""
    SELECT
        d.user_id, d.event_id, d.shard_id, d.sequence_number, d.sub_sequence, d.arrived_at,
        hash({", ".join("d." + column.strip() for column in CONTENT.split(","))})
            != hash({", ".join("k." + column.strip() for column in CONTENT.split(","))})
            AS is_conflict
    FROM claims AS d JOIN claims AS k
        ON k.user_id = d.user_id AND k.event_id = d.event_id AND k.place = 1
    WHERE d.place > 1
    ORDER BY d.user_id, d.event_id, d.arrived_at, d.shard_id, d.sequence_number, d.sub_sequence
"""

# `curated` is filled in order, so its row ids give the order of events.
VIEWS = f"""
    CREATE TEMP TABLE views AS
    WITH ordered AS (
        SELECT
            *,
            rowid AS place,
            event_type IN {ENRICHED} AS is_playback,
            CASE
                WHEN event_type IN ('play', 'resume', 'heartbeat') THEN true
                WHEN event_type IN ('pause', 'stop', 'complete') THEN false
            END AS state
        FROM curated
        WHERE title_id IS NOT NULL AND (event_type IN {ENRICHED} OR event_type = 'rate')
    ), stepped AS (
        SELECT
            *,
            last_value(state IGNORE NULLS) OVER before AS was_playing,
            lag(event_time) OVER playback AS last_time,
            lag(position_ms) OVER playback AS last_position
        FROM ordered
        WINDOW
            before AS (
                PARTITION BY user_id, session_id, title_id, is_playback
                ORDER BY place
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            playback AS (
                PARTITION BY user_id, session_id, title_id, is_playback
                ORDER BY place
            )
    ), summed AS (
        SELECT
            user_id, session_id, title_id,
            any_value(series_id) AS series_id,
            any_value(genres) AS genres,
            any_value(runtime_ms) AS runtime_ms,
            min(event_time) AS started_at,
            max(event_time) AS ended_at,
            count(*) AS events,
            coalesce(sum(
                CASE WHEN is_playback AND was_playing THEN least(
                    (epoch_us(event_time) - epoch_us(last_time)) // 1000,
                    greatest(300000, CASE WHEN event_type = 'seek'
                        THEN coalesce(from_position_ms, position_ms) ELSE position_ms END
                        - last_position)
                ) END
            ), 0) AS watch_ms,
            bool_or(event_type = 'complete') AS has_complete,
            coalesce(max(position_ms) FILTER (is_playback AND event_type != 'seek'), 0) AS furthest,
            count(*) FILTER (event_type = 'pause') AS pauses,
            count(*) FILTER (event_type = 'seek') AS seeks,
            bool_or(is_playback) AS has_playback,
            arg_max(rating, place) FILTER (event_type = 'rate') AS rating,
            arg_min(device_type, place) AS device_type,
            arg_min(country, place) AS country,
            min(place) AS first_event
        FROM stepped
        GROUP BY user_id, session_id, title_id
    ), rated AS (
        SELECT
            *,
            CASE WHEN has_complete THEN CAST(1 AS FLOAT)
                ELSE CAST(least(furthest / runtime_ms, 1) AS FLOAT) END AS completion_rate
        FROM summed
    ), based AS (
        SELECT
            *,
            (0.6::DOUBLE * least(watch_ms / coalesce(runtime_ms, 1800000), 1)
                + 0.4::DOUBLE * coalesce(completion_rate::DOUBLE, 0))
                * (1 - 0.02::DOUBLE * least(pauses + seeks, 10)) AS base
        FROM rated
    )
    SELECT
        *,
        has_complete OR coalesce(completion_rate >= 0.95::FLOAT, false) AS completed,
        CAST(CASE WHEN rating IS NULL THEN base
            ELSE 0.8::DOUBLE * base + 0.2::DOUBLE * (rating::DOUBLE - 0.5) / 4.5 END AS FLOAT)
            AS engagement_score
    FROM based
"""

SESSIONS = f"""
    CREATE TEMP TABLE sessions AS
    WITH of_events AS (
        SELECT
            user_id, session_id,
            min(event_time) AS started_at,
            max(event_time) AS ended_at,
            count(*) AS events,
            count(*) FILTER (event_type = 'search') AS searches,
            arg_min(device_type, rowid) AS device_type,
            arg_min(country, rowid) AS country,
            min(rowid) AS first_event
        FROM curated
        GROUP BY user_id, session_id
    ), of_views AS (
        SELECT
            user_id, session_id,
            sum(watch_ms) AS watch_ms,
            count(*) FILTER (has_playback) AS titles
        FROM views GROUP BY user_id, session_id
    ), binges AS (
        SELECT DISTINCT user_id, session_id FROM (
            SELECT user_id, session_id FROM views
            WHERE series_id IS NOT NULL AND completion_rate >= 0.7::FLOAT
            GROUP BY user_id, session_id, series_id
            HAVING count(*) >= 3
        )
    )
    SELECT
        e.user_id, e.session_id, e.started_at, e.ended_at, e.events,
        coalesce(v.watch_ms, 0) AS watch_ms, coalesce(v.titles, 0) AS titles, e.searches,
        e.device_type, e.country, b.user_id IS NOT NULL AS is_binge, e.first_event
    FROM of_events AS e
    LEFT JOIN of_views AS v ON v.user_id = e.user_id AND v.session_id = e.session_id
    LEFT JOIN binges AS b ON b.user_id = e.user_id AND b.session_id = e.session_id
"""

FACT_SESSION = "SELECT * EXCLUDE (first_event) FROM sessions ORDER BY user_id, first_event"
FACT_VIEW = """
    SELECT v.* EXCLUDE (first_event, has_complete, furthest, has_playback, base)
    FROM views AS v JOIN sessions AS s ON s.user_id = v.user_id AND s.session_id = v.session_id
    ORDER BY v.user_id, s.first_event, v.first_event
"""


def compact(day: Day) -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")

    def write(name: str, query: str) -> None:
        connection.execute(
            f"COPY ({query}) TO '{day.output / name}.parquet'"
            " (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )

    connection.execute(
        f"""CREATE TEMP TABLE titles AS SELECT
            title_id, series_id, array_to_string(genres, '|') AS genres, runtime_ms
        FROM read_json('{day.titles}', format = 'newline_delimited', columns = {{
            title_id: 'VARCHAR', series_id: 'VARCHAR', genres: 'VARCHAR[]', runtime_ms: 'BIGINT'
        }})"""
    )
    connection.execute(deduplicated(day))
    write("dropped_events", DROPPED)
    connection.execute(f"CREATE TEMP TABLE curated AS {EVENTS}")
    connection.execute("DROP TABLE claims")
    write("events", "FROM curated")
    connection.execute(VIEWS)
    connection.execute(SESSIONS)
    write("fact_session", FACT_SESSION)
    write("fact_view", FACT_VIEW)


if __name__ == "__main__":
    run("duckdb", compact)
