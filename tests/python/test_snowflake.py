"""Tests docs/SNOWFLAKE.md: its SQL is Snowflake's, and its columns are those of the lake."""

import json
import re
import unittest
from pathlib import Path

import sqlglot
from sqlglot import expressions as exp

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/SNOWFLAKE.md").read_text(encoding="utf-8")
DDL = (ROOT / "sql/redshift/ddl/events.sql").read_text(encoding="utf-8")
COLUMNS = json.loads((ROOT / "infra/columns.json").read_text(encoding="utf-8"))
DAYS = ROOT / "tests/fixtures/lake-v1"
# The Glue types of processed_events, and Snowflake's.
TYPES = {
    "string": exp.DataType.build("VARCHAR", dialect="snowflake"),
    "timestamp": exp.DataType.build("TIMESTAMP_NTZ", dialect="snowflake"),
    "bigint": exp.DataType.build("BIGINT", dialect="snowflake"),
    "int": exp.DataType.build("INTEGER", dialect="snowflake"),
    "float": exp.DataType.build("FLOAT", dialect="snowflake"),
}
# sqlglot's Snowflake dialect has no grammar for pipes.
PIPE = re.compile(r"CREATE PIPE [\w.]+ AUTO_INGEST = TRUE AS\s+(COPY INTO .*)", re.DOTALL)
REFRESH = re.compile(r"ALTER PIPE [\w.]+ REFRESH")


def statements(page: str) -> list[str]:
    """Returns the statements of the page's blocks of SQL."""
    blocks = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    written = (part.strip() for block in blocks for part in block.split(";"))
    return [part for part in written if part]


def parsed(statement: str) -> exp.Expression:
    pipe = PIPE.fullmatch(statement)
    text = pipe.group(1) if pipe else statement
    trees = sqlglot.parse(text, read="snowflake", error_level=sqlglot.ErrorLevel.RAISE)
    assert len(trees) == 1, statement
    return trees[0]


def events_in_the_lake() -> list[tuple[str, exp.DataType]]:
    """Returns the columns of the files of `events`, with Snowflake's types."""
    missing = ("event_date", "processed_at")
    columns = [it for it in COLUMNS["processed_events"] if it["name"] not in missing]
    return [(it["name"], TYPES[it["type"]]) for it in columns]


class SnowflakeRecipe(unittest.TestCase):
    def setUp(self) -> None:
        self.statements = statements(PAGE)

    def only(self, start: str) -> str:
        found = [it for it in self.statements if it.startswith(start)]
        self.assertEqual(len(found), 1, start)
        return found[0]

    def test_every_statement_parses(self) -> None:
        self.assertGreater(len(self.statements), 12)
        for statement in self.statements:
            with self.subTest(statement.splitlines()[0]):
                if REFRESH.fullmatch(statement):
                    continue
                self.assertNotIsInstance(parsed(statement), exp.Command)

    def test_a_statement_of_another_dialect_fails(self) -> None:
        for wrong in ("CREATE TABLE t (a INT", "SELECT a FROM"):
            with self.assertRaises(sqlglot.errors.ParseError):
                parsed(wrong)
        with self.assertLogs("sqlglot"):
            unknown = parsed("CREATE PIPE p AUTO_INGEST = NO AS SELECT 1")
        self.assertIsInstance(unknown, exp.Command)

    def test_the_table_has_the_columns_of_events(self) -> None:
        table = parsed(self.only("CREATE TABLE marquee.lake.event_rows"))
        columns = [(it.name, it.kind) for it in table.find_all(exp.ColumnDef)]
        names = ["file", "loaded_at", "event_date"]
        self.assertEqual([name for name, _ in columns[:3]], names)
        self.assertEqual(columns[3:], events_in_the_lake())
        ddl = sqlglot.parse_one(re.sub(r"\b(DIST|SORT)KEY \(.*?\)", "", DDL), read="redshift")
        names = ["event_date"] + [name for name, _ in columns[3:]]
        self.assertEqual(names, [it.name for it in ddl.find_all(exp.ColumnDef)])
        required = {it.name for it in ddl.find_all(exp.ColumnDef) if it.constraints}
        ours = {it.name for it in table.find_all(exp.ColumnDef) if it.constraints}
        self.assertEqual(ours, required | {"file", "loaded_at"})

    def test_the_pipe_reads_every_column_in_order(self) -> None:
        copy = parsed(self.only("CREATE PIPE marquee.lake.load_event_rows"))
        self.assertIsInstance(copy, exp.Copy)
        select = copy.find(exp.Select)
        fields = []
        for expression in select.expressions[3:]:
            if isinstance(expression, exp.UnixToTime):
                # Microseconds: six digits after the second.
                self.assertEqual(expression.args["scale"].to_py(), 6)
                kind, expression = expression.args["target_type"], expression.this
            else:
                kind = expression.to
            self.assertIsInstance(expression, exp.Cast)
            self.assertEqual(expression.find(exp.Parameter).name, "1")
            fields.append((expression.find(exp.JSONPathKey).this, kind))
        self.assertEqual(fields, events_in_the_lake())

    def test_the_view_has_every_column(self) -> None:
        view = parsed(self.only("CREATE VIEW marquee.lake.events "))
        select = view.expression
        names = ["event_date"] + [name for name, _ in events_in_the_lake()]
        self.assertEqual(select.named_selects, names)

    def test_the_patterns_select_the_published_files(self) -> None:
        """Applies the page's patterns to a lake that Marquee wrote."""
        pattern = re.search(
            r"generations_stage\s*\)\s*PATTERN = '(.*?)'", PAGE, re.DOTALL
        ).group(1)
        keys = [
            path.relative_to(DAYS).as_posix()
            for path in sorted((DAYS / "ledger/days").rglob("*.json"))
        ]
        generations = [key for key in keys if re.fullmatch(pattern, key)]
        self.assertEqual(generations, [key for key in keys if key.count("/") == 3])
        self.assertGreater(len(keys), len(generations))
        for key in generations:
            document = json.loads((DAYS / key).read_text(encoding="utf-8"))
            self.assertIn("generation", document)
            for listed in document["tables"]["events"]["files"]:
                file = re.search("event_date=.*", listed["key"]).group()
                self.assertTrue((DAYS / "curated/events" / file).is_file(), file)
                self.assertIn(document["event_date"], file)
                self.assertGreater(listed["rows"], 0)


if __name__ == "__main__":
    unittest.main()
