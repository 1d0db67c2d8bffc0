"""Runs every mart and check on DuckDB, over the Parquet that our engine read, and compares.

The SQL is read in sqlglot's `athena` dialect and written in DuckDB's, so that what is compared is
also what Athena would read. DuckDB is given the facts of all dates, later ones too: a query that
reads beyond its window shows here. Columns, rows and their order must be the same. Floats alone
have a tolerance, of one part in 10^12; every sum that they are made of is one of integers.

    python marts_agree.py PLAN

PLAN is a file of JSON: `lake`, its directory; `tables`, the files of each core table by date;
`titles`, the catalogue's file; `batches`, the rows of ingest_batches; `marts`, each with `name`,
`date`, `sql` and the `file` that we made; `made`, of each date the files of its marts by table, or
of an undated one; `checks`, each with `name`, `date`, `sql`, `sees_marts`, and what we found, the
number of `broken` rows and a `sample` of the first.
"""

import json
import math
import sys
from datetime import date, datetime
from pathlib import Path

import duckdb
import sqlglot

TOLERANCE = 1e-12
# Rows of a check that are compared.
SAMPLE = 5


def parquet(file: Path) -> str:
    """That file's own columns, without what its path says."""
    return f"read_parquet('{file}', hive_partitioning = false)"


def connect(plan: dict) -> duckdb.DuckDBPyConnection:
    """A database with the core tables, of every date."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    lake = Path(plan["lake"])
    for table, dates in plan["tables"].items():
        files = [(day, lake / file) for day, files in dates.items() for file in files]
        rows = " UNION ALL ".join(
            f"SELECT *, DATE '{day}' AS event_date FROM {parquet(file)}" for day, file in files
        )
        database.execute(f"CREATE TABLE {table} AS {rows}")
    database.execute(f"CREATE TABLE titles AS FROM {parquet(lake / plan['titles'])}")
    database.execute(
        "CREATE TABLE ingest_batches (ingest_date DATE, kind VARCHAR, received BIGINT, quarantined BIGINT)"
    )
    for batch in plan["batches"]:
        database.execute("INSERT INTO ingest_batches VALUES (?, ?, ?, ?)", batch)
    return database


def add_marts(database: duckdb.DuckDBPyConnection, plan: dict, day: str) -> None:
    """The marts that we made of that date, as tables."""
    for table, made in plan["made"][day].items():
        file = Path(plan["lake"]) / made["file"]
        event_date = f", DATE '{day}' AS event_date" if made["has_date"] else ""
        database.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT *{event_date} FROM {parquet(file)}"
        )


def in_duckdb(sql: str) -> str:
    [statement] = sqlglot.parse(sql, read="athena", error_level=sqlglot.ErrorLevel.RAISE)
    return statement.sql(dialect="duckdb")


def rows_of(database: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[tuple]]:
    answer = database.execute(sql)
    return [column[0] for column in answer.description], answer.fetchall()


def same(ours, theirs) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=0)
    return type(ours) is type(theirs) and ours == theirs


def compare(what: str, ours: tuple[list, list], theirs: tuple[list, list]) -> None:
    if ours[0] != theirs[0]:
        sys.exit(f"{what}: our columns are {ours[0]}, DuckDB's {theirs[0]}")
    for row, (our, their) in enumerate(zip(ours[1], theirs[1])):
        for column, a, b in zip(ours[0], our, their):
            if not same(a, b):
                sys.exit(f"{what}, row {row}, {column}: ours is {a!r}, DuckDB's {b!r}; {our} {their}")
    if len(ours[1]) != len(theirs[1]):
        sys.exit(f"{what}: we have {len(ours[1])} rows, DuckDB {len(theirs[1])}")


def as_json(value):
    """A value of DuckDB's as our samples have it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").removesuffix("+00:00")
    return value.isoformat() if isinstance(value, date) else value


def plain(value):
    """A time of our sample without its zone and with all digits."""
    try:
        is_time = isinstance(value, str) and len(value) > 18 and value[10] == "T"
        return as_json(datetime.fromisoformat(value)) if is_time else value
    except ValueError:
        return value


def main(plan: dict) -> None:
    database = connect(plan)
    for mart in plan["marts"]:
        made = rows_of(database, f"FROM {parquet(Path(plan['lake']) / mart['file'])}")
        what = f"{mart['name']} of {mart['date']}"
        compare(what, made, rows_of(database, in_duckdb(mart["sql"])))
    for check in plan["checks"]:
        if check["sees_marts"]:
            add_marts(database, plan, check["date"])
        columns, rows = rows_of(database, in_duckdb(check["sql"]))
        what = f"{check['name']} of {check['date']}"
        if len(rows) != check["broken"]:
            sys.exit(f"{what}: we found {check['broken']} rows, DuckDB {len(rows)}: {rows[:SAMPLE]}")
        sample = [json.loads(row) for row in check["sample"]]
        ours = [tuple(plain(value) for value in row.values()) for row in sample]
        theirs = [tuple(as_json(value) for value in row) for row in rows[:SAMPLE]]
        compare(what, (columns, ours), (columns, theirs))
    print(json.dumps({"marts": len(plan["marts"]), "checks": len(plan["checks"])}))


with open(sys.argv[1]) as file:
    main(json.load(file))
