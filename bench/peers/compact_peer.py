"""The common part of the compaction peers: input, measurement and checks.

A peer is a function that compacts a `Day` and writes four files into its `output`:
`events.parquet`, `dropped_events.parquet`, `fact_session.parquet` and
`fact_view.parquet`, with zstd 1, each sorted as Marquee's tables.
"""

import json
import resource
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

DATE = "2026-01-05"
MIB = 1 << 20


@dataclass
class Day:
    """The directory that `cargo bench … --bench compact -- --input DIR` wrote."""

    inputs: str
    titles: Path
    output: Path
    date: str = DATE


def run(name: str, compact: Callable[[Day], None]) -> None:
    """Compacts the date in the directory on the command line and prints the result."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} DIRECTORY")
    directory = Path(sys.argv[1])
    output = directory / name
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    day = Day(str(directory / "processed/*.parquet"), directory / "titles.ndjson", output)
    rows = sum(entry["rows_of_date"] for entry in json.loads((directory / "objects.json").read_text()))
    memory = Peak()
    begun, cpu = time.monotonic(), cpu_seconds()
    compact(day)
    cpu, seconds = cpu_seconds() - cpu, time.monotonic() - begun
    peak = memory.stop()
    result = {
        "name": name,
        "rows": rows,
        "seconds": round(seconds, 3),
        "cpu_s": round(cpu, 3),
        "peak_mib": round(peak / MIB, 1),
        "out_bytes": sum(file.stat().st_size for file in output.iterdir()),
        "checks": checks(output),
    }
    print(json.dumps(result))


def cpu_seconds() -> float:
    """Returns the CPU time of all threads of this process, in user and system mode."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Peak:
    """The peak resident memory above the memory at the start."""

    def __init__(self) -> None:
        self.first = self.most = resident()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self) -> None:
        while not self.ended.wait(0.02):
            self.most = max(self.most, resident())

    def stop(self) -> int:
        self.ended.set()
        self.thread.join()
        return self.most - self.first


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def checks(output: Path) -> dict[str, int]:
    """Returns totals over the tables, which must be equal for every program."""

    def read(table: str, *columns: str):
        return pq.read_table(output / f"{table}.parquet", columns=list(columns))

    sessions = read("fact_session", "is_binge")
    views = read("fact_view", "watch_ms", "completed", "engagement_score")
    return {
        "events": pq.read_metadata(output / "events.parquet").num_rows,
        "sessions": sessions.num_rows,
        "views": views.num_rows,
        "watch_ms": int(pc.sum(views["watch_ms"]).as_py()),
        "completed": int(pc.sum(views["completed"]).as_py()),
        "engagement": round(pc.sum(views["engagement_score"].cast("float64")).as_py()),
        "binges": int(pc.sum(sessions["is_binge"]).as_py()),
    }
