"""DuckDB: builds every mart of a date from the same facts with the same SQL as Marquee.

    cargo bench -p marquee-bench --features marts --bench marts -- --input LAKE 4000000
    python bench/peers/marts_duckdb.py LAKE

LAKE has the facts of one date. The script writes the marts as Parquet (zstd, level 1) into a
temporary directory and prints one line of JSON: `name`, `seconds` and `cpu_s` of the fastest of
three rounds, `peak_mib` (the peak resident memory), `rows` of each mart, and the seconds of each of
the `marts`, the slowest first.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

MARTS = Path(__file__).parents[2] / "sql" / "marts"
TABLES = ("events", "fact_session", "fact_view")
THREADS = 2
ROUNDS = 3


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def connect(lake: Path) -> tuple[duckdb.DuckDBPyConnection, str]:
    database = duckdb.connect()
    database.execute(f"SET threads = {THREADS}")
    database.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        [file] = (lake / "curated" / table).rglob("*.parquet")
        [date] = (part for part in file.parts if part.startswith("event_date="))
        date = date.removeprefix("event_date=")
        database.execute(
            f"CREATE VIEW {table} AS SELECT *, DATE '{date}' AS event_date "
            f"FROM read_parquet('{file}', hive_partitioning = false)"
        )
    pointer = json.loads((lake / "reference/titles/current.json").read_text())
    database.execute(f"CREATE VIEW titles AS FROM read_parquet('{lake / pointer['key']}')")
    return database, date


def build(lake: Path, out: Path) -> tuple[float, float, dict[str, float]]:
    database, date = connect(lake)
    begun, cpu = time.perf_counter(), cpu_seconds()
    marts = {}
    for file in sorted(MARTS.glob("*.sql")):
        start = time.perf_counter()
        sql = file.read_text().replace("{date}", f"DATE '{date}'").rstrip()
        target = out / f"{file.stem}.parquet"
        database.execute(
            f"COPY (\n{sql}\n) TO '{target}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )
        marts[file.stem] = round(time.perf_counter() - start, 3)
    return time.perf_counter() - begun, cpu_seconds() - cpu, marts


def main(lake: Path) -> None:
    with tempfile.TemporaryDirectory() as out:
        rounds = [build(lake, Path(out)) for _ in range(ROUNDS)]
        seconds, cpu, marts = min(rounds, key=lambda round: round[0])
        rows = {
            file.stem: duckdb.execute(f"SELECT count(*) FROM read_parquet('{file}')").fetchall()[0][0]
            for file in sorted(Path(out).glob("*.parquet"))
        }
    print(
        json.dumps(
            {
                "name": "marts_duckdb",
                "seconds": round(seconds, 3),
                "cpu_s": round(cpu, 3),
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "rows": rows,
                "marts": dict(sorted(marts.items(), key=lambda mart: -mart[1])),
            }
        )
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} LAKE")
    main(Path(sys.argv[1]))
