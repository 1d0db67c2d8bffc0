"""Parses every file of sql/athena in Athena's dialect and runs it on a lake in DuckDB.

    python athena_answers.py check LAKE TODAY SQL
    python athena_answers.py show LAKE TODAY SQL

SQL is the directory of the files, TODAY the value of `current_date`. The tables are those that
Glue shows: tables of the zones have all objects in their directories, including orphans; curated
tables have the current generation of each date, or of the newest date if they have no date;
`audit_books` has the last audits. As in Athena, times have no zone and are in whole milliseconds.
`check` compares the results with the Parquet files, and prints the number of rows of each query;
`show` prints the results in Markdown.
"""

import json
import re
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

DATABASE = "lake"
ZONES = {"raw_events": "raw", "processed_events": "processed", "quarantine": "quarantine"}
# The partition columns of tables by arrival, whose values are in the paths.
PARTITIONS = {name: "ingest_date" for name in ZONES}
# Views that pass the filter of their caller on to these tables.
FILTERED_BY_CALLER = {"all_events": ["events"], "audience_days": ["user_daily"], "title_days": ["title_daily"]}


def parquet(file: Path) -> str:
    """Returns the SQL that reads a file's own columns, without the columns of its path."""
    return f"read_parquet('{file}', hive_partitioning = false)"


class Files:
    """The files of sql/athena."""

    def __init__(self, directory: Path):
        self.texts = {
            kind: {file.stem: file.read_text() for file in sorted((directory / kind).glob("*.sql"))}
            for kind in ("views", "queries")
        }

    def each(self, kind: str):
        """Yields the name of each file and its statement, parsed in Athena's dialect."""
        for name, text in self.texts[kind].items():
            head = text.splitlines()[0]
            if not re.fullmatch(r"-- \S.{10,250}[.:]?", head):
                sys.exit(f"{name}.sql: the first line is not a comment with a description: {head}")
            sql = text.replace("{database}", DATABASE)
            if "{" in sql:
                sys.exit(f"{name}.sql: unknown placeholder")
            try:
                statements = sqlglot.parse(sql, read="athena", error_level=sqlglot.ErrorLevel.RAISE)
            except sqlglot.errors.SqlglotError as error:
                sys.exit(f"{name}.sql does not parse in Athena's dialect: {error}")
            if len(statements) != 1:
                sys.exit(f"{name}.sql has {len(statements)} statements instead of one")
            yield name, statements[0]


def in_duckdb(statement: exp.Expression, today: date) -> str:
    """Translates the statement to DuckDB's dialect, with the date of `current_date`."""

    def rewrite(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.CurrentDate):
            return exp.cast(exp.Literal.string(today.isoformat()), "date")
        if isinstance(node, exp.Decode):
            # Athena replaces invalid UTF-8 with U+FFFD, DuckDB rejects it: a macro handles it.
            return exp.func("from_utf8", node.this)
        return node

    return statement.transform(rewrite).sql(dialect="duckdb")


class Lake:
    """The tables of a lake in DuckDB."""

    def __init__(self, directory: Path, today: date):
        self.directory = directory
        self.today = today
        self.database = duckdb.connect()
        self.database.execute(f"SET TimeZone = 'UTC'; CREATE SCHEMA {DATABASE}; USE {DATABASE}")
        self.database.execute(
            "CREATE MACRO from_utf8(raw) AS coalesce(TRY(decode(raw)), CAST(raw AS VARCHAR))"
        )
        self.partitions = dict(PARTITIONS)
        self.undated = set()
        for table, zone in ZONES.items():
            files = sorted((directory / zone / "events").rglob("*.parquet"))
            self.make(table, [(file, self.of_path(file)) for file in files])
        self.publish()
        self.audits()

    @staticmethod
    def of_path(file: Path) -> str:
        day, hour = (part.split("=")[1] for part in file.parts[-3:-1])
        return f"DATE '{day}' AS ingest_date, {int(hour)} AS ingest_hour"

    def publish(self) -> None:
        """Creates the curated tables from the current generation of each date."""
        tables: dict[str, dict[str, list[str]]] = {}
        for day in sorted((self.directory / "ledger/days").glob("event_date=*")):
            numbers = [file for file in day.glob("*.json") if file.stem.isdigit()]
            if numbers:
                generation = json.loads(max(numbers, key=lambda file: int(file.stem)).read_text())
                for name, table in generation["tables"].items():
                    tables.setdefault(name, {})[generation["event_date"]] = [
                        file["key"] for file in table["files"]
                    ]
        for name, dates in tables.items():
            is_dated = all("/event_date=" in key for keys in dates.values() for key in keys)
            if is_dated:
                self.partitions[name] = "event_date"
            else:
                self.undated.add(name)
                dates = {max(dates): dates[max(dates)]}
            files = [
                (self.directory / key, f"DATE '{day}' AS event_date" if is_dated else None)
                for day, keys in dates.items()
                for key in keys
            ]
            self.make(name, files)

    def audits(self) -> None:
        """Creates audit_books from the last audit of each date, which belongs to no generation."""
        files = sorted((self.directory / "curated/audit_books").glob("event_date=*/*.parquet"))
        days = [file.parent.name.removeprefix("event_date=") for file in files]
        self.partitions["audit_books"] = "event_date"
        self.make("audit_books", [(file, f"DATE '{day}' AS event_date") for file, day in zip(files, days)])

    def make(self, table: str, files: list[tuple[Path, str | None]]) -> None:
        """Creates a table from files, with the columns of their paths."""
        if not files:
            sys.exit(f"the lake has no files of {table}, so there is nothing to compare")
        described = self.database.execute(f"DESCRIBE FROM {parquet(files[0][0])}").fetchall()
        shown = ", ".join(
            f"CAST(date_trunc('milliseconds', {name}) AS TIMESTAMP) AS {name}"
            if kind.startswith("TIMESTAMP")
            else f'"{name}"'
            for name, kind, *_ in described
        )
        chunks = []
        for file, partition in files:
            key = file.relative_to(self.directory)
            extra = f", {partition}" if partition else ""
            chunks.append(
                f"SELECT {shown}{extra}, 's3://bucket/{key}' AS \"$path\" FROM {parquet(file)}"
            )
        # DuckDB cannot read a thousand files in one statement.
        self.database.execute(f'CREATE TABLE "{table}" AS {chunks[0]}')
        for start in range(1, len(chunks), 200):
            self.database.execute(f'INSERT INTO "{table}" {" UNION ALL ".join(chunks[start:start + 200])}')

    def ask(self, sql: str) -> list[tuple]:
        return self.database.execute(sql).fetchall()

    def one(self, sql: str):
        """Returns the only value of the result."""
        [[value]] = self.ask(sql)
        return value


class Answer:
    """The result of a query, by column."""

    def __init__(self, lake: Lake, statement: exp.Expression):
        asked = lake.database.execute(in_duckdb(statement, lake.today))
        self.columns = [column[0] for column in asked.description]
        self.rows = asked.fetchall()

    def column(self, name: str) -> list:
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def by(self, *names: str) -> list[tuple]:
        return list(zip(*(self.column(name) for name in names)))


def check_filters(lake: Lake, views: dict, name: str, statement: exp.Expression) -> None:
    """Checks that every partitioned table is filtered on its partition where it is read."""
    exempt = FILTERED_BY_CALLER.get(name, [])
    partitions = lake.partitions | {view: "event_date" for view in FILTERED_BY_CALLER}
    read = 0
    for select in statement.find_all(exp.Select):
        sources = [select.args.get("from_") or select.args.get("from"), *(select.args.get("joins") or [])]
        tables = [source.this for source in sources if source and isinstance(source.this, exp.Table)]
        wheres = [select.args.get("where"), *(join.args.get("on") for join in select.args.get("joins") or [])]
        # A filter compares with a date; an equality between two tables is not a filter.
        filtered = {
            (column.table, column.name)
            for where in wheres
            if where
            for comparison in where.find_all(exp.GTE, exp.EQ)
            for column in [comparison.this]
            if isinstance(column, exp.Column) and comparison.expression.find(exp.CurrentDate)
        }
        for table in tables:
            if table.db != DATABASE:
                continue
            read += 1
            known = table.name in partitions or table.name in lake.undated or table.name in views
            if not known:
                sys.exit(f"{name}.sql reads {table.name}, which is not a table")
            partition = partitions.get(table.name)
            alias = table.alias_or_name
            is_filtered = bool({(alias, partition), ("", partition)} & filtered)
            if partition and table.name not in exempt and not is_filtered:
                sys.exit(f"{name}.sql reads {table.name} without a filter on {partition}")
    if read == 0:
        sys.exit(f"{name}.sql reads no table of the database")


def equal(what: str, ours, theirs) -> None:
    is_equal = abs(ours - theirs) <= 1e-9 * abs(theirs) if isinstance(theirs, float) else ours == theirs
    if not is_equal:
        sys.exit(f"{what}: the query returns {ours!r}, but the files have {theirs!r}")


def some(what: str, number) -> None:
    if not number:
        sys.exit(f"{what}: there is no data to compare")


IDENTITY = "shard_id, sequence_number, sub_sequence"


def check_views(lake: Lake) -> None:
    day = f"DATE '{lake.today}'"
    key = "event_date, user_id, event_id"
    rows, distinct = lake.ask(f"SELECT count(*), count(DISTINCT ({key})) FROM all_events")[0]
    equal("all_events: each event once", rows, distinct)
    there = f"""
        SELECT {key} FROM events UNION
        SELECT {key} FROM processed_events WHERE event_date >= {day} - INTERVAL 3 DAY
    """
    equal("all_events: every event", rows, lake.one(f"SELECT count(*) FROM ({there})"))
    equal("all_events: no other event", 0, lake.one(f"SELECT count(*) FROM (SELECT {key} FROM all_events EXCEPT ({there}))"))
    curated = lake.one("SELECT count(*) FROM all_events WHERE is_curated")
    equal("all_events: the curated ones", curated, lake.one("SELECT count(*) FROM events"))
    some("all_events: events of today", lake.one(f"SELECT count(*) FROM all_events WHERE event_date = {day}"))
    late = f"SELECT count(*) FROM all_events WHERE NOT is_curated AND event_date < {day}"
    some("all_events: late events of curated dates", lake.one(late))
    twice = f"SELECT count(*) - count(DISTINCT ({key})) FROM processed_events WHERE event_date = {day}"
    some("all_events: duplicates of today", lake.one(twice))
    # The first arrival is kept, as in curation.
    kept = f"""
        SELECT count(*) FROM all_events JOIN (
            SELECT {key}, min(arrived_at) AS arrived_at FROM processed_events GROUP BY {key}
        ) AS first USING ({key}) WHERE all_events.arrived_at <> first.arrived_at
    """
    equal("all_events: the first of its copies", 0, lake.one(kept))

    refused = f"SELECT count(DISTINCT ({IDENTITY})) FROM quarantine"
    recent = f"{refused} WHERE ingest_date BETWEEN {day} - INTERVAL 1 DAY AND {day}"
    equal("quarantine_today", lake.one("SELECT count(*) FROM quarantine_today"), lake.one(recent))
    taken = f"{refused} WHERE ({IDENTITY}) IN (SELECT ({IDENTITY}) FROM processed_events)"
    some("open_quarantine: units that were replayed", lake.one(taken))
    still = lake.one(refused) - lake.one(taken)
    some("open_quarantine: units that were not", still)
    equal("open_quarantine", lake.one("SELECT count(*) FROM open_quarantine"), still)

    for total, facts in [
        ("sum(events) FROM audience_days", "sum(events) FROM fact_session"),
        ("sum(sessions) FROM audience_days", "count(*) FROM fact_session"),
        ("sum(hours) FROM audience_days", "sum(watch_ms) / 3600000 FROM fact_session"),
        ("sum(hours) FROM title_days", "sum(watch_ms) / 3600000 FROM fact_view"),
        ("count(*) FROM title_days", "count(DISTINCT (event_date, title_id)) FROM fact_view"),
        ("count(name) FROM title_days", "count(*) FROM title_daily SEMI JOIN dim_title USING (title_id)"),
    ]:
        equal(total, lake.one(f"SELECT {total}"), lake.one(f"SELECT {facts}"))


def check_answers(lake: Lake, answers: dict[str, Answer]) -> None:
    day = f"DATE '{lake.today}'"
    yesterday = f"event_date = {day} - INTERVAL 1 DAY"
    week = f"event_date BETWEEN {day} - INTERVAL 7 DAY AND {day} - INTERVAL 1 DAY"
    arrived = f"ingest_date BETWEEN {day} - INTERVAL 7 DAY AND {day}"
    one = lake.one

    answer = answers["most_watched_yesterday"]
    hours = lake.ask(
        f"SELECT sum(watch_ms) / 3600000 AS h FROM fact_view WHERE {yesterday} GROUP BY title_id ORDER BY h DESC LIMIT 20"
    )
    for ours, [theirs] in zip(answer.column("hours"), hours, strict=True):
        equal("most_watched_yesterday", ours, theirs)

    answer = answers["audience"]
    equal("audience", sum(answer.column("sessions")), one("SELECT count(*) FROM fact_session"))
    some("audience: completions", sum(share > 0 for share in answer.column("completed")))

    before = {}
    for seen, user in lake.ask("SELECT DISTINCT event_date, user_id FROM fact_session"):
        before.setdefault(seen, set()).add(user)
    for on, ours in answers["retention"].by("event_date", "after_1_day"):
        earlier = before.get(on - timedelta(days=1))
        theirs = len(earlier & before[on]) / len(earlier) if earlier else None
        equal(f"retention of {on}", ours, theirs)
    some("retention", sum(value is not None for value in answers["retention"].column("after_1_day")))

    stopped = {}
    for title, share, views in answers["where_people_stop"].by("title", "share", "stopped"):
        shares, count = stopped.get(title, (0.0, 0))
        stopped[title] = (shares + share, count + views)
    equal("where_people_stop: ten titles", len(stopped), 10)
    for title, (shares, views) in stopped.items():
        equal(f"where_people_stop: the shares of {title}", shares, 1.0)
        known = f"SELECT count(*) FROM fact_view JOIN dim_title USING (title_id) WHERE {week} AND watch_ms > 0"
        named = f"{known} AND coalesce(fact_view.completion_rate, 0) >= 0 AND name = ?"
        [[theirs]] = lake.database.execute(named, [title]).fetchall()
        equal(f"where_people_stop: the views of {title}", views, theirs)

    answer = answers["completion_by_device"]
    views = one(f"SELECT sum(views) FROM title_daily WHERE {week}")
    equal("completion_by_device", sum(answer.column("views")), views)

    answer = answers["searches_without_results"]
    direct = f"""
        SELECT lower(query), count(*) FROM events WHERE {week} AND event_type = 'search' AND results = 0
        GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT 50
    """
    equal("searches_without_results", answer.by("query", "without_results"), lake.ask(direct))
    some("searches_without_results", answer.rows)

    answer = answers["binge_sessions"]
    sessions = f"SELECT count(*) FROM fact_session WHERE {week} AND is_binge"
    some("binge_sessions", answer.rows)
    # A session may binge two series.
    if sum(answer.column("binges")) < one(sessions):
        sys.exit("binge_sessions: sessions are missing")
    per_series = f"""
        SELECT count(DISTINCT (event_date, user_id, session_id)) FROM fact_view
        JOIN fact_session USING (event_date, user_id, session_id) WHERE {week} AND is_binge
    """
    equal("binge_sessions: equal to the facts", one(per_series), one(sessions))

    answer = answers["busiest_hours"]
    means = sum(mean * days for mean, days in answer.by("events", "days"))
    equal("busiest_hours", round(means), one(f"SELECT count(*) FROM events WHERE {week}"))

    answer = answers["user_journey"]
    busiest = one(f"SELECT arg_max(user_id, events) FROM user_daily WHERE {yesterday}")
    journey = f"""
        SELECT count(DISTINCT (event_date, event_id)) FROM (
            SELECT event_date, event_id, user_id FROM events UNION
            SELECT event_date, event_id, user_id FROM processed_events
        ) WHERE user_id = '{busiest}'
    """
    equal("user_journey", len(answer.rows), one(journey))

    answer = answers["quarantine_by_reason"]
    direct = f"SELECT reason, field, count(DISTINCT ({IDENTITY})) FROM quarantine WHERE {arrived} GROUP BY ALL"
    equal("quarantine_by_reason", set(answer.by("reason", "field", "units")), set(lake.ask(direct)))

    answer = answers["freshness_by_hour"]
    recent = f"SELECT count(*) FROM processed_events WHERE ingest_date BETWEEN {day} - INTERVAL 1 DAY AND {day}"
    equal("freshness_by_hour", sum(answer.column("events")), one(recent))

    answer = answers["late_arrivals"]
    equal("late_arrivals", sum(answer.column("events")), one(f"SELECT count(*) FROM processed_events WHERE {arrived}"))
    late = f"SELECT count(*) FROM processed_events WHERE event_date < CAST(arrived_at AS DATE) AND {arrived}"
    of_late = sum(events for days, events in answer.by("days_late", "events") if days > 0)
    equal("late_arrivals: the late ones", of_late, one(late))
    some("late_arrivals", of_late)

    answer = answers["duplicates_and_conflicts"]
    equal("duplicates", sum(answer.column("duplicates")), one("SELECT count(*) FROM dropped_events"))
    some("duplicates", answer.rows)

    answer = answers["event_book"]
    equal("event_book: no missing rows", set(answer.column("missing")), {0})
    equal("event_book: curated", sum(answer.column("curated")), one("SELECT count(*) FROM events"))
    equal("event_book: duplicates", sum(answer.column("duplicates")), one("SELECT count(*) FROM dropped_events"))

    check_books(lake, answers)

    for table, objects, rows in answers["objects_by_table"].by("table_name", "objects", "rows_in_all"):
        partition = "ingest_date" if table in ZONES else "event_date"
        place = "*/*.parquet" if table in ZONES else "run=*/*.parquet"
        root = f"{ZONES[table]}/events" if table in ZONES else f"curated/{table}"
        on = lake.today - timedelta(days=1)
        files = list((lake.directory / root / f"{partition}={on}").glob(place))
        equal(f"objects_by_table: objects of {table}", objects, len(files))
        count = f"SELECT count(*) FROM {table} WHERE {partition} = DATE '{on}'"
        equal(f"objects_by_table: rows of {table}", rows, one(count))
    equal("objects_by_table", len(answers["objects_by_table"].rows), 6)


def check_books(lake: Lake, answers: dict[str, Answer]) -> None:
    """Compares the figures of the audits with the files."""
    one = lake.one
    books = answers["books"]
    some("books", books.rows)
    for on, *figures in books.by(
        "event_date", "received", "processed", "quarantined", "open_units", "receipt_rows", "curated", "waiting_rows"
    ):
        received, processed, quarantined, open_units, receipt_rows, curated, waiting = figures
        day = f"DATE '{on}'"
        equal(f"books of {on}: received", received, one(f"SELECT count(*) FROM raw_events WHERE ingest_date = {day}"))
        equal(f"books of {on}: received", received, processed + quarantined)
        arrived = f"FROM quarantine WHERE CAST(arrived_at AS DATE) = {day}"
        still = f"SELECT count(DISTINCT ({IDENTITY})) {arrived} AND ({IDENTITY}) NOT IN"
        equal(f"books of {on}: open", open_units, one(f"{still} (SELECT ({IDENTITY}) FROM processed_events)"))
        if curated is not None:
            equal(f"books of {on}: curated", curated, one(f"SELECT count(*) FROM events WHERE event_date = {day}"))
            rows = one(f"SELECT count(*) FROM processed_events WHERE event_date = {day}")
            equal(f"books of {on}: rows", receipt_rows + waiting, rows)
    published = one("SELECT count(DISTINCT event_date) FROM events")
    equal("books: published dates", sum(curated is not None for curated in books.column("curated")), published)
    some("books: late events", sum(waiting or 0 for waiting in books.column("waiting_rows")))
    some("books: rejected units", sum(books.column("open_units")))

    seen = lake.ask(f"""
        SELECT CAST(arrived_at AS DATE), shard_id, count(DISTINCT sequence_number) FROM raw_events
        WHERE CAST(arrived_at AS DATE) <= DATE '{lake.today}' GROUP BY ALL
    """)
    equal("shards_accounted", set(answers["shards_accounted"].by("arrived_on", "shard_id", "seen")), set(seen))

    roll = answers["roll_call"]
    for on, producer, up_to, present, missing in roll.by("event_date", "producer", "up_to", "present", "missing"):
        equal(f"roll_call of {producer} on {on}", up_to, present + missing)
        known = f"FROM processed_events WHERE producer_id = '{producer}' AND producer_seq <= {up_to}"
        events = one(f"SELECT count(DISTINCT producer_seq) {known}")
        # Some of the rejected units also have a number.
        refused = one(f"SELECT count(DISTINCT ({IDENTITY})) FROM quarantine")
        if not events <= present <= events + refused:
            sys.exit(f"roll_call of {producer} on {on}: {present} present, but {events} in events")
    producers = one("SELECT count(DISTINCT producer_id) FROM processed_events")
    equal("roll_call: one row per date and producer", len(roll.rows), producers * len(books.rows))


def cell(value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.0f}"
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    text = "".join(letter if letter.isprintable() else "�" for letter in text).replace("|", "\\|")
    return text if len(text) <= 60 else text[:59] + "…"


def show(name: str, answer: Answer, rows: int) -> None:
    print(f"### {name}\n")
    print("| " + " | ".join(answer.columns) + " |")
    print("|" + "---|" * len(answer.columns))
    for row in answer.rows[:rows]:
        print("| " + " | ".join(cell(value) for value in row) + " |")
    print()


def main(task: str, directory: str, today: str, sql: str) -> None:
    files = Files(Path(sql))
    lake = Lake(Path(directory), date.fromisoformat(today))
    answers, views = {}, dict(files.each("views"))
    for name, statement in views.items():
        made = statement.this if isinstance(statement, exp.Create) and statement.kind == "VIEW" else None
        if made is None or (made.db, made.name) != (DATABASE, name):
            sys.exit(f"{name}.sql must be CREATE VIEW {{database}}.{name}")
        if name in lake.partitions or name in lake.undated:
            sys.exit(f"{name}.sql has the name of a table: the view would make publish fail")
        check_filters(lake, views, name, statement)
        lake.database.execute(in_duckdb(statement, lake.today))
    for name, statement in files.each("queries"):
        if not isinstance(statement, exp.Query):
            sys.exit(f"{name}.sql is not a query")
        check_filters(lake, views, name, statement)
        answers[name] = Answer(lake, statement)
    if task == "show":
        for name, answer in answers.items():
            show(name, answer, 5)
        return
    check_views(lake)
    check_answers(lake, answers)
    rows = {name: len(answer.rows) for name, answer in answers.items()}
    print(json.dumps({"views": sorted(views), "queries": rows}))


main(*sys.argv[1:])
