"""Parses statements in sqlglot's `redshift` dialect, and says how many they were.

    python redshift_parses.py FILE

FILE is JSON: a list of statements, each with `name` and `sql`. One that sqlglot does not know and
takes as a mere command counts as a failure, but for LOCK, which it has no grammar for.
"""

import json
import sys

import sqlglot
from sqlglot.expressions import Command


def main(statements: list[dict]) -> None:
    for statement in statements:
        name, sql = statement["name"], statement["sql"]
        try:
            trees = sqlglot.parse(sql, read="redshift", error_level=sqlglot.ErrorLevel.RAISE)
        except sqlglot.errors.ParseError as error:
            sys.exit(f"{name}: {error}\n{sql}")
        if len(trees) != 1:
            sys.exit(f"{name}: {len(trees)} statements where one is meant\n{sql}")
        if isinstance(trees[0], Command) and not sql.startswith("LOCK TABLE "):
            sys.exit(f"{name}: sqlglot does not know this statement\n{sql}")
    print(len(statements))


with open(sys.argv[1]) as file:
    main(json.load(file))
