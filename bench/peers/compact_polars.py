"""Polars: the compaction of a date with lazy frames."""

import polars as pl

from compact_peer import Day, run

PLAYBACK = ["play", "pause", "resume", "stop", "complete", "heartbeat", "seek"]
IDENTITY = ["shard_id", "sequence_number", "sub_sequence"]
CONTENT = [
    "event_type", "event_time", "session_id", "profile_id", "country", "device_type", "device_os",
    "app_version", "title_id", "position_ms", "from_position_ms", "query", "results", "row_index",
    "rating", "extra",
]  # fmt: skip
COLUMNS = [
    "event_id", "event_type", "event_time", "user_id", "session_id", "profile_id", "country",
    "device_type", "device_os", "app_version", "title_id", "position_ms", "from_position_ms",
    "query", "results", "row_index", "rating", "series_id", "genres", "runtime_ms",
    "completion_rate", "extra", "producer_id", "producer_seq", *IDENTITY, "arrived_at",
]  # fmt: skip
VIEW = ["user_id", "session_id", "title_id"]
SESSION = ["user_id", "session_id"]


def compact(day: Day) -> None:
    def write(name: str, frame: pl.DataFrame) -> None:
        frame.write_parquet(
            day.output / f"{name}.parquet", compression="zstd", compression_level=1
        )

    titles = (
        pl.scan_ndjson(
            day.titles,
            schema={
                "title_id": pl.String,
                "series_id": pl.String,
                "genres": pl.List(pl.String),
                "runtime_ms": pl.Int64,
            },
        )
        .with_columns(genres=pl.col("genres").list.join("|").replace("", None))
    )
    made = ["series_id", "genres", "runtime_ms", "completion_rate"]
    claims = (
        pl.scan_parquet(day.inputs)
        .filter(pl.col("event_date") == pl.lit(day.date).str.to_date())
        .select([column for column in COLUMNS if column not in made])
        .unique(subset=IDENTITY, keep="any")
        .sort("user_id", "event_id", "arrived_at", *IDENTITY)
        .with_columns(is_first=pl.struct("user_id", "event_id").is_first_distinct())
        .collect()
    )
    write("dropped_events", dropped(claims))
    is_playback = pl.col("event_type").is_in(PLAYBACK)
    rate = (pl.col("position_ms") / pl.col("runtime_ms")).clip(upper_bound=1).cast(pl.Float32)
    curated = (
        claims.lazy()
        .filter("is_first")
        .join(titles, on="title_id", how="left")
        .with_columns(completion_rate=pl.when(is_playback).then(rate))
        .select(COLUMNS)
        .sort("user_id", "event_time", "arrived_at", *IDENTITY)
        .collect()
    )
    del claims
    write("events", curated)
    curated = curated.with_row_index("place").lazy().with_columns(is_playback=is_playback)
    views = view_facts(curated).collect()
    sessions = session_facts(curated, views.lazy()).collect()
    write("fact_session", sessions.drop("first_event"))
    order = sessions.select(*SESSION, session_place="first_event")
    write(
        "fact_view",
        views.join(order, on=SESSION)
        .sort("session_place", "first_event")
        .drop("first_event", "session_place", "has_complete", "furthest", "has_playback", "base"),
    )


def dropped(claims: pl.DataFrame) -> pl.DataFrame:
    content = pl.struct(CONTENT).hash()
    keys = claims.filter(~pl.col("is_first")).select("user_id", "event_id").unique()
    rivals = claims.join(keys, on=["user_id", "event_id"], how="semi").with_columns(digest=content)
    kept = rivals.filter("is_first").select("user_id", "event_id", kept="digest")
    return (
        rivals.filter(~pl.col("is_first"))
        .join(kept, on=["user_id", "event_id"], how="left", maintain_order="left")
        .select(
            "user_id",
            "event_id",
            *IDENTITY,
            "arrived_at",
            is_conflict=pl.col("digest") != pl.col("kept"),
        )
    )


def view_facts(curated: pl.LazyFrame) -> pl.LazyFrame:
    kind = pl.col("event_type")
    state = (
        pl.when(kind.is_in(["play", "resume", "heartbeat"]))
        .then(True)
        .when(kind.is_in(["pause", "stop", "complete"]))
        .then(False)
    )
    groups = [*VIEW, "is_playback"]
    reached = pl.when(kind == "seek").then(pl.coalesce("from_position_ms", "position_ms"))
    gap = (pl.col("event_time") - pl.col("last_time")).dt.total_microseconds() // 1000
    advance = reached.otherwise(pl.col("position_ms")) - pl.col("last_position")
    watched = pl.min_horizontal(gap, pl.max_horizontal(advance, pl.lit(300_000)))
    stepped = (
        curated.filter(
            pl.col("title_id").is_not_null() & (pl.col("is_playback") | (kind == "rate"))
        )
        .with_columns(state=state)
        .with_columns(
            was_playing=pl.col("state").forward_fill().shift(1).over(groups),
            last_time=pl.col("event_time").shift(1).over(groups),
            last_position=pl.col("position_ms").shift(1).over(groups),
        )
        .with_columns(
            watched=pl.when(pl.col("is_playback") & pl.col("was_playing")).then(watched)
        )
    )
    moved = pl.col("is_playback") & (kind != "seek")
    summed = stepped.group_by(VIEW).agg(
        pl.col("series_id").first(),
        pl.col("genres").first(),
        pl.col("runtime_ms").first(),
        started_at=pl.col("event_time").min(),
        ended_at=pl.col("event_time").max(),
        events=pl.len(),
        watch_ms=pl.col("watched").sum(),
        has_complete=(kind == "complete").any(),
        furthest=pl.col("position_ms").filter(moved).max().fill_null(0),
        pauses=(kind == "pause").sum(),
        seeks=(kind == "seek").sum(),
        has_playback=pl.col("is_playback").any(),
        rating=pl.col("rating").filter(kind == "rate").drop_nulls().last(),
        device_type=first("device_type"),
        country=first("country"),
        first_event=pl.col("place").min(),
    )
    share = (pl.col("furthest") / pl.col("runtime_ms")).clip(upper_bound=1).cast(pl.Float32)
    runtime = pl.col("runtime_ms").fill_null(1_800_000)
    part = (pl.col("watch_ms") / runtime).clip(upper_bound=1)
    rate = pl.col("completion_rate").cast(pl.Float64).fill_null(0)
    breaks = (pl.col("pauses") + pl.col("seeks")).clip(upper_bound=10)
    rated = 0.8 * pl.col("base") + 0.2 * (pl.col("rating").cast(pl.Float64) - 0.5) / 4.5
    return (
        summed.with_columns(
            completion_rate=pl.when("has_complete")
            .then(pl.lit(1, pl.Float32))
            .otherwise(share)
        )
        .with_columns(base=(0.6 * part + 0.4 * rate) * (1 - 0.02 * breaks))
        .with_columns(
            completed=pl.col("has_complete")
            | (pl.col("completion_rate") >= pl.lit(0.95, pl.Float32)).fill_null(False),
            engagement_score=pl.coalesce(rated, "base").cast(pl.Float32),
        )
    )


def session_facts(curated: pl.LazyFrame, views: pl.LazyFrame) -> pl.LazyFrame:
    of_events = curated.group_by(SESSION).agg(
        started_at=pl.col("event_time").min(),
        ended_at=pl.col("event_time").max(),
        events=pl.len(),
        searches=(pl.col("event_type") == "search").sum(),
        device_type=first("device_type"),
        country=first("country"),
        first_event=pl.col("place").min(),
    )
    of_views = views.group_by(SESSION).agg(
        watch_ms=pl.col("watch_ms").sum(), titles=pl.col("has_playback").sum()
    )
    binges = (
        views.filter(
            pl.col("series_id").is_not_null()
            & (pl.col("completion_rate") >= pl.lit(0.7, pl.Float32))
        )
        .group_by(*SESSION, "series_id")
        .len()
        .filter(pl.col("len") >= 3)
        .select(SESSION)
        .unique()
        .with_columns(is_binge=True)
    )
    return (
        of_events.join(of_views, on=SESSION, how="left")
        .join(binges, on=SESSION, how="left")
        .with_columns(pl.col("watch_ms", "titles").fill_null(0), pl.col("is_binge").fill_null(False))
        .sort("first_event")
    )


def first(column: str) -> pl.Expr:
    """Returns the first value that is not null; rows keep their order within a group."""
    return pl.col(column).drop_nulls().first()


if __name__ == "__main__":
    run("polars", compact)
