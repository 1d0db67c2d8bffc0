"""Polars: decodes, validates, joins and writes envelope and events with expressions."""

import io
import os

# The transform is measured on one core.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import polars as pl

from peer import ALWAYS, NEEDS, SCHEMA, Transform, run

ENVELOPE = pl.Struct(
    {
        "Records": pl.List(
            pl.Struct(
                {
                    "eventID": pl.String,
                    "kinesis": pl.Struct(
                        {
                            "sequenceNumber": pl.String,
                            "data": pl.String,
                            "approximateArrivalTimestamp": pl.Float64,
                        }
                    ),
                }
            )
        )
    }
)
EVENT = pl.Struct(
    {
        "event_id": pl.String,
        "event_type": pl.String,
        "event_time": pl.String,
        "user_id": pl.String,
        "session_id": pl.String,
        "profile_id": pl.String,
        "country": pl.String,
        "device": pl.Struct({"type": pl.String, "os": pl.String, "app_version": pl.String}),
        "title_id": pl.String,
        "position_ms": pl.Int64,
        "from_position_ms": pl.Int64,
        "query": pl.String,
        "results": pl.Int32,
        "row": pl.Int32,
        "rating": pl.Float32,
        "producer": pl.Struct({"id": pl.String, "seq": pl.Int64}),
    }
)
TIME = pl.Datetime("us", "UTC")


def is_event() -> pl.Expr:
    """Returns the condition that a row has the fields that its type requires; never null."""
    kinds: dict[tuple, list[str]] = {}
    for kind, needs in NEEDS.items():
        kinds.setdefault(needs, []).append(kind)
    by_kind = [
        pl.col("event_type").is_in(names) & pl.all_horizontal(pl.lit(True), *map(present, needs))
        for needs, names in kinds.items()
    ]
    return pl.all_horizontal(*map(present, ALWAYS)) & pl.any_horizontal(by_kind).fill_null(False)


def present(field: str) -> pl.Expr:
    return pl.col(field).is_not_null()


def micros(seconds: pl.Expr) -> pl.Expr:
    return ((seconds * 1000).round().cast(pl.Int64) * 1000).cast(TIME)


def prepare(titles: list[dict]) -> Transform:
    title_catalog = pl.DataFrame(
        {
            "title_id": [title["title_id"] for title in titles],
            "series_id": [title.get("series_id") for title in titles],
            "genres": ["|".join(title.get("genres") or []) or None for title in titles],
            "runtime_ms": [title.get("runtime_ms") for title in titles],
        },
        schema_overrides={"series_id": pl.String, "genres": pl.String, "runtime_ms": pl.Int64},
    ).lazy()
    kinesis = pl.col("kinesis").struct
    decoded = kinesis.field("data").str.decode("base64").cast(pl.String).str.json_decode(EVENT)
    arrived = micros(kinesis.field("approximateArrivalTimestamp"))
    made = {
        "event_time": pl.col("event_time").str.to_datetime("%+", time_unit="us", time_zone="UTC"),
        "event_date": pl.col("event_time")
        .str.to_datetime("%+", time_unit="us", time_zone="UTC")
        .dt.date(),
        "device_type": pl.col("device").struct.field("type"),
        "device_os": pl.col("device").struct.field("os"),
        "app_version": pl.col("device").struct.field("app_version"),
        "row_index": pl.col("row"),
        "completion_rate": (pl.col("position_ms") / pl.col("runtime_ms"))
        .clip(upper_bound=1.0)
        .cast(pl.Float32),
        "extra": pl.lit(None, pl.String),
        "producer_id": pl.col("producer").struct.field("id"),
        "producer_seq": pl.col("producer").struct.field("seq"),
        "sub_sequence": pl.lit(0, pl.Int32),
    }
    columns = [made.get(name, pl.col(name)).alias(name) for name in SCHEMA.names]

    def transform(payload: bytes) -> memoryview:
        records = (
            pl.Series("payload", [payload.decode()])
            .str.json_decode(ENVELOPE)
            .struct.field("Records")
            .explode()
            .struct.unnest()
        )
        table = (
            records.lazy()
            .select(
                decoded.alias("event"),
                pl.col("eventID").str.split_exact(":", 1).struct.field("field_0").alias("shard_id"),
                kinesis.field("sequenceNumber").alias("sequence_number"),
                arrived.alias("arrived_at"),
                arrived.last().alias("processed_at"),
            )
            .unnest("event")
            .filter(is_event())
            .join(title_catalog, on="title_id", how="left", maintain_order="left")
            .select(columns)
            .collect()
        )
        sink = io.BytesIO()
        table.write_parquet(sink, compression="zstd", compression_level=1)
        return sink.getbuffer()

    return transform


if __name__ == "__main__":
    run("polars", prepare)
