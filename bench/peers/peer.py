"""The common part of all peers: input, expected columns, measurement and result.

A peer is a function that takes the title catalog and returns a function of one payload:

    prepare(titles: list[dict]) -> (payload: bytes) -> parquet: bytes-like

The payload is a Lambda invocation's Kinesis event as JSON, with one event per record.
`prepare` stands for the start-up of a Lambda and is not measured.
"""

import json
import resource
import sys
from collections.abc import Callable
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Transform = Callable[[bytes], Any]

# The same number of rounds as Marquee's: libraries warm up in the first one.
ROUNDS = 5

ALWAYS = ("event_id", "event_type", "event_time", "user_id", "session_id")
PLAYBACK = ("play", "pause", "resume", "stop", "complete", "heartbeat")
# The further fields that each event type requires.
NEEDS = {
    **dict.fromkeys(PLAYBACK, ("title_id", "position_ms")),
    "seek": ("title_id", "position_ms", "from_position_ms"),
    "search": ("query",),
    "browse": (),
    "rate": ("title_id", "rating"),
    "add_to_list": ("title_id",),
    "remove_from_list": ("title_id",),
}

TIME = pa.timestamp("us", tz="UTC")
# The processed table (`marquee_tables::schema::processed_events`).
SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_type", pa.string()),
        ("event_time", TIME),
        ("event_date", pa.date32()),
        ("user_id", pa.string()),
        ("session_id", pa.string()),
        ("profile_id", pa.string()),
        ("country", pa.string()),
        ("device_type", pa.string()),
        ("device_os", pa.string()),
        ("app_version", pa.string()),
        ("title_id", pa.string()),
        ("position_ms", pa.int64()),
        ("from_position_ms", pa.int64()),
        ("query", pa.string()),
        ("results", pa.int32()),
        ("row_index", pa.int32()),
        ("rating", pa.float32()),
        ("series_id", pa.string()),
        ("genres", pa.string()),
        ("runtime_ms", pa.int64()),
        ("completion_rate", pa.float32()),
        ("extra", pa.string()),
        ("producer_id", pa.string()),
        ("producer_seq", pa.int64()),
        ("shard_id", pa.string()),
        ("sequence_number", pa.string()),
        ("sub_sequence", pa.int32()),
        ("arrived_at", TIME),
        ("processed_at", TIME),
    ]
)


def run(name: str, prepare: Callable[[list[dict]], Transform]) -> None:
    """Transforms every payload of the file on the command line and prints the result."""
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} PAYLOADS TITLES (both NDJSON)")
    payloads, titles = (read_lines(path) for path in sys.argv[1:])
    transform = prepare([json.loads(title) for title in titles])
    result = dict.fromkeys(
        (
            "events",
            "refused",
            "sum_event_time_us",
            "sum_position_ms",
            "sum_rating_halves",
            "user_id_bytes",
            "output_bytes",
        ),
        0,
    )
    rounds = []
    for _ in range(ROUNDS):
        cpu = 0.0
        for payload in payloads:
            begun = cpu_seconds()
            parquet = transform(payload)
            cpu += cpu_seconds() - begun
            if not rounds:
                for field, count in counts(payload, parquet).items():
                    result[field] += count
        rounds.append(cpu)
    # The sum of times exceeds 64 bits; compare it modulo 2^64 as a signed integer.
    sign = 1 << 63
    result["sum_event_time_us"] = (result["sum_event_time_us"] + sign) % (2 * sign) - sign
    print(json.dumps({"name": name, **result, "cpu_s": round(median(rounds), 6)}))


def read_lines(path: str) -> list[bytes]:
    with open(path, "rb") as file:
        return [line for line in file.read().split(b"\n") if line]


def cpu_seconds() -> float:
    """Returns the CPU time of all threads of this process, in user and system mode."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def counts(payload: bytes, parquet: Any) -> dict[str, int]:
    """Returns totals over the written file, and the number of rejected events."""
    table = pq.ParquetFile(pa.BufferReader(parquet)).read(use_threads=False)
    if table.column_names != SCHEMA.names:
        raise ValueError(f"unexpected columns: {table.column_names}")

    def total(values: pa.ChunkedArray) -> int:
        return pc.sum(values).as_py() or 0

    return {
        "events": table.num_rows,
        "refused": len(json.loads(payload)["Records"]) - table.num_rows,
        "sum_event_time_us": total(table["event_time"].cast(TIME).cast(pa.int64())),
        "sum_position_ms": total(table["position_ms"].cast(pa.int64())),
        "sum_rating_halves": int(2 * total(table["rating"].cast(pa.float64()))),
        "user_id_bytes": total(pc.binary_length(table["user_id"])),
        "output_bytes": len(parquet),
    }
