"""DuckDB: the whole job in one statement."""

import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa

from peer import ALWAYS, NEEDS, Transform, run

ENVELOPE = """{"Records": [{"eventID": "VARCHAR", "kinesis": {
    "sequenceNumber": "VARCHAR", "data": "VARCHAR", "approximateArrivalTimestamp": "DOUBLE"}}]}"""
EVENT = """{
    "event_id": "VARCHAR", "event_type": "VARCHAR", "event_time": "VARCHAR",
    "user_id": "VARCHAR", "session_id": "VARCHAR", "profile_id": "VARCHAR", "country": "VARCHAR",
    "device": {"type": "VARCHAR", "os": "VARCHAR", "app_version": "VARCHAR"},
    "title_id": "VARCHAR", "position_ms": "BIGINT", "from_position_ms": "BIGINT",
    "query": "VARCHAR", "results": "INTEGER", "row": "INTEGER", "rating": "FLOAT",
    "producer": {"id": "VARCHAR", "seq": "BIGINT"}}"""


def is_event() -> str:
    """Returns the condition that `e` has the fields that its type requires."""
    kinds: dict[tuple, list[str]] = {}
    for kind, needs in NEEDS.items():
        kinds.setdefault(needs, []).append(f"'{kind}'")

    def present(fields: tuple) -> str:
        return "".join(f" AND e.{field} IS NOT NULL" for field in fields)

    by_kind = " OR ".join(
        f"(e.event_type IN ({', '.join(names)}){present(needs)})" for needs, names in kinds.items()
    )
    return f"({by_kind}){present(ALWAYS)}"


def micros(seconds: str) -> str:
    """Converts Kinesis' fractional seconds, exact to the millisecond, to a timestamp."""
    return f"make_timestamptz(CAST(round({seconds} * 1000) AS BIGINT) * 1000)"


SELECT = f"""
WITH envelope AS (
    SELECT from_json(line, '{ENVELOPE}').Records AS records FROM payload
), records AS (
    SELECT
        unnest(records) AS record,
        records[-1].kinesis.approximateArrivalTimestamp AS last_arrival
    FROM envelope
), events AS MATERIALIZED (
    SELECT
        from_json(decode(from_base64(record.kinesis.data)), '{EVENT}') AS e,
        split_part(record.eventID, ':', 1) AS shard_id,
        record.kinesis.sequenceNumber AS sequence_number,
        {micros("record.kinesis.approximateArrivalTimestamp")} AS arrived_at,
        {micros("last_arrival")} AS processed_at
    FROM records
)
SELECT
    e.event_id,
    e.event_type,
    CAST(e.event_time AS TIMESTAMPTZ) AS event_time,
    CAST(CAST(e.event_time AS TIMESTAMPTZ) AS DATE) AS event_date,
    e.user_id,
    e.session_id,
    e.profile_id,
    e.country,
    e.device.type AS device_type,
    e.device.os AS device_os,
    e.device.app_version AS app_version,
    e.title_id,
    e.position_ms,
    e.from_position_ms,
    e.query,
    e.results,
    e."row" AS row_index,
    e.rating,
    t.series_id,
    t.genres,
    t.runtime_ms,
    CAST(least(e.position_ms / t.runtime_ms, 1) AS FLOAT) AS completion_rate,
    CAST(NULL AS VARCHAR) AS extra,
    e.producer.id AS producer_id,
    e.producer.seq AS producer_seq,
    shard_id,
    sequence_number,
    CAST(0 AS INTEGER) AS sub_sequence,
    arrived_at,
    processed_at
FROM events LEFT JOIN titles AS t ON t.title_id = e.title_id
WHERE {is_event()}
"""


def prepare(titles: list[dict]) -> Transform:
    connection = duckdb.connect()
    # The transform is measured on one core.
    connection.execute("SET threads = 1")
    connection.execute("SET TimeZone = 'UTC'")
    title_catalog = pa.table(
        {
            "title_id": pa.array([title["title_id"] for title in titles], pa.string()),
            "series_id": pa.array([title.get("series_id") for title in titles], pa.string()),
            "genres": pa.array(
                ["|".join(title.get("genres") or []) or None for title in titles], pa.string()
            ),
            "runtime_ms": pa.array([title.get("runtime_ms") for title in titles], pa.int64()),
        }
    )
    connection.execute("CREATE TABLE titles AS FROM title_catalog")
    # COPY writes only to files; this one is in memory.
    directory = tempfile.TemporaryDirectory(dir="/dev/shm")
    file = Path(directory.name) / "processed.parquet"
    copy = f"COPY ({SELECT}) TO '{file}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"

    def transform(payload: bytes) -> bytes:
        connection.register("payload", pa.table({"line": pa.array([payload], pa.string())}))
        connection.execute(copy)
        return file.read_bytes()

    # Keeps the directory as long as the function that writes to it.
    transform.directory = directory
    return transform


if __name__ == "__main__":
    run("duckdb", prepare)
