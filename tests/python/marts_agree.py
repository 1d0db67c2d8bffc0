"""Runs every mart and check on DuckDB over the same Parquet files, and compares the results with ours.

sqlglot translates the SQL from its `athena` dialect to DuckDB's, so the test also covers Athena's
grammar. DuckDB gets the facts of all dates, including later ones, so that a query that reads beyond
its window is detected. Columns, rows and their order must be equal. Only floats have a tolerance,
one part in 10^12; they are computed from sums of integers.

    python marts_agree.py PLAN

PLAN is a JSON file: `lake`, its directory; `tables`, the files of each core table by date;
`titles`, the file of the title catalog; `batches`, the rows of ingest_batches; `states`, the names of
the state tables, which other marts read; `marts`, each with `name`, `date`, `sql` and our `file`; `made`, the files of the marts of each date by table;
`checks`, each with `name`, `date`, `sql`, `sees_marts`, our number of `broken` rows and a `sample`
of the first rows.
"""

import json
import math
import sys
from datetime import date, datetime
from pathlib import Path

import duckdb
import sqlglot

TOLERANCE = 1e-12
# The number of rows of a check that are compared.
SAMPLE = 5


def parquet(file: Path) -> str:
    """Returns the SQL that reads a file's own columns, without the columns of its path."""
    return f"read_parquet('{file}', hive_partitioning = false)"


def connect(plan: dict) -> duckdb.DuckDBPyConnection:
    """Returns a database with the core tables of all dates."""
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


def add_marts(database: duckdb.DuckDBPyConnection, plan: dict, day: str, tables: list[str]) -> None:
    """Adds our marts of a date as tables."""
    for table in tables:
        made = plan["made"][day][table]
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
        sys.exit(f"{what}: our columns are {ours[0]}, DuckDB's are {theirs[0]}")
    for row, (our, their) in enumerate(zip(ours[1], theirs[1])):
        for column, a, b in zip(ours[0], our, their):
            if not same(a, b):
                sys.exit(f"{what}, row {row}, {column}: ours is {a!r}, DuckDB's is {b!r}; {our} {their}")
    if len(ours[1]) != len(theirs[1]):
        sys.exit(f"{what}: we have {len(ours[1])} rows, DuckDB has {len(theirs[1])}")


def as_json(value):
    """Converts a value of DuckDB to the form of our samples."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").removesuffix("+00:00")
    return value.isoformat() if isinstance(value, date) else value


def plain(value):
    """Converts a time of our sample to the form without a zone and with all digits."""
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
        add_marts(database, plan, mart["date"], plan["states"])
        compare(what, made, rows_of(database, in_duckdb(mart["sql"])))
    for check in plan["checks"]:
        if check["sees_marts"]:
            add_marts(database, plan, check["date"], list(plan["made"][check["date"]]))
        columns, rows = rows_of(database, in_duckdb(check["sql"]))
        what = f"{check['name']} of {check['date']}"
        if len(rows) != check["broken"]:
            sys.exit(f"{what}: we found {check['broken']} rows, DuckDB found {len(rows)}: {rows[:SAMPLE]}")
        sample = [json.loads(row) for row in check["sample"]]
        ours = [tuple(plain(value) for value in row.values()) for row in sample]
        theirs = [tuple(as_json(value) for value in row) for row in rows[:SAMPLE]]
        compare(what, (columns, ours), (columns, theirs))
    print(json.dumps({"marts": len(plan["marts"]), "checks": len(plan["checks"])}))


with open(sys.argv[1]) as file:
    main(json.load(file))
