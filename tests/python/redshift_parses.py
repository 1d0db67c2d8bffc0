"""Parses statements in sqlglot's `redshift` dialect, and prints their number.

    python redshift_parses.py FILE

FILE is JSON: a list of statements, each with `name` and `sql`. A statement that sqlglot does not
know and parses as a plain command is a failure, except LOCK, for which it has no grammar.
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
            sys.exit(f"{name}: {len(trees)} statements instead of one\n{sql}")
        if isinstance(trees[0], Command) and not sql.startswith("LOCK TABLE "):
            sys.exit(f"{name}: sqlglot does not know this statement\n{sql}")
    print(len(statements))


with open(sys.argv[1]) as file:
    main(json.load(file))
