"""The job with a Python JSON parser and pyarrow: one object per event, then columns."""

import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from peer import ALWAYS, NEEDS, SCHEMA, TIME, Transform

NEEDED = {kind: frozenset(ALWAYS + needs) for kind, needs in NEEDS.items()}
KNOWN = frozenset(
    [*ALWAYS, *(field for needs in NEEDS.values() for field in needs)]
    + ["schema_version", "profile_id", "country", "device", "producer", "results", "row"]
)
NOTHING: dict = {}


def preparation(loads: Callable[[Any], Any]) -> Callable[[list[dict]], Transform]:
    """Returns the peer that parses JSON with `loads`."""

    def prepare(titles: list[dict]) -> Transform:
        title_catalog = {
            title["title_id"]: (
                title.get("series_id"),
                "|".join(title["genres"]) if title.get("genres") else None,
                title.get("runtime_ms"),
            )
            for title in titles
        }
        unknown = (None, None, None)

        def transform(payload: bytes) -> pa.Buffer:
            records = loads(payload)["Records"]
            events, sources = [], []
            for record in records:
                kinesis = record["kinesis"]
                event = loads(b64decode(kinesis["data"]))
                needed = NEEDED.get(event.get("event_type"))
                if needed is not None and needed <= event.keys():
                    events.append(event)
                    sources.append((record["eventID"], kinesis))
            last = records[-1]["kinesis"]["approximateArrivalTimestamp"]
            enriched = [title_catalog.get(event.get("title_id"), unknown) for event in events]
            table = columns(events, sources, enriched, last)
            sink = pa.BufferOutputStream()
            pq.write_table(table, sink, compression="zstd", compression_level=1)
            return sink.getvalue()

        return transform

    return prepare


def columns(events: list[dict], sources: list[tuple], enriched: list[tuple], last: float) -> pa.Table:
    def of(field: str, within: list[dict] = events) -> list:
        return [event.get(field) for event in within]

    devices = [event.get("device") or NOTHING for event in events]
    producers = [event.get("producer") or NOTHING for event in events]
    event_time = pa.array(of("event_time"), pa.string()).cast(TIME)
    position = pa.array(of("position_ms"), pa.int64())
    runtime = pa.array([title[2] for title in enriched], pa.int64())
    rate = pc.divide(position.cast(pa.float64()), runtime.cast(pa.float64()))
    given = {
        "event_time": event_time,
        "event_date": event_time.cast(pa.date32()),
        "device_type": of("type", devices),
        "device_os": of("os", devices),
        "app_version": of("app_version", devices),
        "position_ms": position,
        "row_index": of("row"),
        "series_id": [title[0] for title in enriched],
        "genres": [title[1] for title in enriched],
        "runtime_ms": runtime,
        "completion_rate": pc.min_element_wise(rate, 1.0, skip_nulls=False).cast(pa.float32()),
        "extra": [None if KNOWN.issuperset(event) else extra(event) for event in events],
        "producer_id": of("id", producers),
        "producer_seq": of("seq", producers),
        "shard_id": [event_id.partition(":")[0] for event_id, _ in sources],
        "sequence_number": [kinesis["sequenceNumber"] for _, kinesis in sources],
        "sub_sequence": [0] * len(events),
        "arrived_at": [micros(kinesis["approximateArrivalTimestamp"]) for _, kinesis in sources],
        "processed_at": [micros(last)] * len(events),
    }
    arrays = []
    for field in SCHEMA:
        values = given[field.name] if field.name in given else of(field.name)
        arrays.append(values if isinstance(values, pa.Array) else pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def extra(event: dict) -> str:
    unknown = {field: value for field, value in event.items() if field not in KNOWN}
    return json.dumps(unknown, separators=(",", ":"))


def micros(seconds: float) -> int:
    """Converts Kinesis' fractional seconds, exact to the millisecond, to microseconds."""
    return round(seconds * 1000) * 1000
