"""The frame of compaction's peers: their input, what is measured, what is checked.

A peer is a function of a day that writes four files into the day's `output`:
`events.parquet`, `dropped_events.parquet`, `fact_session.parquet` and
`fact_view.parquet`, with zstd 1, each sorted as ours is.
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
    """What `cargo bench … --bench compact -- --input DIR` left in a directory."""

    inputs: str
    titles: Path
    output: Path
    date: str = DATE


def run(name: str, compact: Callable[[Day], None]) -> None:
    """Compacts the day of the command line's directory; prints the result."""
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
    """What all threads of this process have used, in user and system mode."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Peak:
    """The most memory that is resident beyond what was at the beginning."""

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
    """What must be the same whoever made the tables."""

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
