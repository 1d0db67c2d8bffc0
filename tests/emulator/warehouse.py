"""The warehouse: its stand-in on an emulator, and its content, read through the Data API and
compared with the lake's files."""

import datetime
import json
import struct
import subprocess

from lake import table_keys
from packages import binary
from report import Failure, expect, until

STOP_SECONDS = 20
QUERY_SECONDS = 60
STAND_IN = "examples/warehouse"
# Tables that have the rows of the newest date only; some have no date column.
LATEST = {"title_neighbour", "title_popularity", "title_rating", "user_genre_affinity", "user_title",
            "user_title_daily", "user_top_rated", "dim_date", "dim_title_genre"}
# Tables with history, and the condition that selects their current rows.
HISTORY = {"dim_title": "is_current"}


def missing(built):
    """Returns why this machine cannot run the stand-in, or None if it can."""
    asked = subprocess.run([binary(built, STAND_IN), "--is-there"], text=True, capture_output=True, check=False)
    return None if asked.returncode == 0 else asked.stderr.strip()


class StandIn:
    """PostgreSQL behind the protocol of the Data API, for the function `load` of a deployment.

    It ends when its standard input is closed, so it also ends with this process.
    """

    def __init__(self, place, built, function, copy_keys, announced):
        """Starts it with the function's variables and with `copy_keys` for COPY, and writes its
        endpoint to the file `announced`."""
        variables = place.client("lambda").get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        keys = {f"AWS_{name}": value for name, value in copy_keys.items()}
        self._announced = announced
        self._process = subprocess.Popen([binary(built, STAND_IN)], env=place.environment | variables | keys,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # The program prints its endpoint, or exits with an error after a bounded time.
        endpoint = self._process.stdout.readline().strip()
        if not endpoint:
            raise Failure(f"the warehouse did not start; it exited with {self._process.wait(STOP_SECONDS)}")
        announced.write_text(endpoint)

    def close(self):
        self._announced.unlink(missing_ok=True)
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()


class Warehouse:
    """The database of a workgroup, as a client sees it."""

    def __init__(self, place, workgroup):
        self._data, self._iam = place.client("redshift-data"), place.client("iam")
        serverless = place.client("redshift-serverless")
        group = serverless.get_workgroup(workgroupName=workgroup)["workgroup"]
        namespace = serverless.get_namespace(namespaceName=group["namespaceName"])["namespace"]
        self._entrance = {"WorkgroupName": workgroup, "Database": namespace["dbName"],
                          "SecretArn": namespace["adminPasswordSecretArn"]}
        self._copy_role = namespace["iamRoles"][0].rsplit("/", 1)[-1]

    def ask(self, sql):
        """Runs a query; returns its rows as Python values: text, numbers, dates, None."""
        statement = self._data.execute_statement(Sql=sql, **self._entrance)["Id"]

        def ended():
            found = self._data.describe_statement(Id=statement)
            return found if found["Status"] in ("FINISHED", "FAILED", "ABORTED") else None

        found = until("the result of the warehouse", QUERY_SECONDS, ended, every=0.02)
        expect(found["Status"] == "FINISHED", f"the statement ended with {found['Status']}: {found.get('Error')}\n{sql}")
        pages = list(self._data.get_paginator("get_statement_result").paginate(Id=statement))
        kinds = [column["typeName"] for column in pages[0]["ColumnMetadata"]]
        return [tuple(value(field, kind) for field, kind in zip(record, kinds, strict=True))
                for page in pages for record in page["Records"]]

    def loads(self):
        """Returns the load log."""
        return self.ask("SELECT table_name, event_date, generation, row_count, loaded_at FROM marquee.loads "
                        "ORDER BY table_name, event_date, generation")

    def counts(self):
        """Returns the number of rows of each table."""
        tables = self.ask("SELECT table_name FROM information_schema.tables "
                          "WHERE table_schema = 'marquee' AND table_type = 'BASE TABLE'")
        return {table: self.ask(f"SELECT count(*) FROM marquee.{table}") for (table,) in tables}

    def remove_permissions(self):
        """Removes the permissions of COPY's role; `restore_permissions` restores the result."""
        names = self._iam.list_role_policies(RoleName=self._copy_role)["PolicyNames"]
        taken = {name: self._iam.get_role_policy(RoleName=self._copy_role, PolicyName=name)["PolicyDocument"]
                 for name in names}
        for name in taken:
            self._iam.delete_role_policy(RoleName=self._copy_role, PolicyName=name)
        return taken

    def restore_permissions(self, taken):
        for name, policy in taken.items():
            self._iam.put_role_policy(RoleName=self._copy_role, PolicyName=name, PolicyDocument=json.dumps(policy))

    def equals(self, lake, current):
        """Compares every table with the newest generation of each date, value by value; returns
        the number of rows."""
        newest = max(current)
        loaded = {}
        for table, date, generation, *_ in self.loads():
            loaded[table, date.isoformat()] = max(generation, loaded.get((table, date.isoformat()), 0))
        rows = 0
        for date, generation in current.items():
            for table in generation["tables"]:
                if date != newest and (table in LATEST or table in HISTORY):
                    continue
                expect(loaded.get((table, date)) == generation["generation"],
                       f"{table} of {date} was loaded from generation {loaded.get((table, date))}, "
                       f"{generation['generation']} is published")
                rows += self._equals_files(lake, table, table_keys(generation, table), rows_of(table, date))
        return rows

    def _equals_files(self, lake, table, keys, which):
        ((found,),) = self.ask(f"SELECT count(*) FROM marquee.{table}{which}")
        if not keys:
            expect(found == 0, f"{table}{which} has {found} rows in the warehouse and none in the lake")
            return found
        columns, kinds = lake.columns(keys)
        names = ", ".join(columns)
        ours, theirs = (sorted((normalized(row, kinds) for row in rows), key=repr) for rows in (
            lake.rows(keys, f"SELECT {names} FROM files"), self.ask(f"SELECT {names} FROM marquee.{table}{which}")))
        differ = next((pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]), None)
        expect(ours == theirs, f"{table}{which} has {len(theirs)} rows in the warehouse and {len(ours)} in the lake; "
                               f"first difference: {differ}")
        return found


def rows_of(table, date):
    if table in HISTORY:
        return f" WHERE {HISTORY[table]}"
    return "" if table in LATEST else f" WHERE event_date = DATE '{date}'"


def value(field, kind):
    """Converts a field of the Data API to a Python value."""
    ((name, found),) = field.items()
    if name == "isNull":
        return None
    if kind == "date":
        return datetime.date.fromisoformat(found)
    if kind.startswith("timestamp"):
        return datetime.datetime.fromisoformat(found.replace("Z", "+00:00"))
    return found


def normalized(row, kinds):
    """Normalizes a row, so that equal rows of different engines compare equal."""
    return tuple(one(each, kind) for each, kind in zip(row, kinds, strict=True))


def one(found, kind):
    if found is None:
        return None
    if kind == "FLOAT":
        # Engines print a different number of digits.
        return struct.pack("f", found)
    if isinstance(found, datetime.datetime):
        return found.replace(tzinfo=None)
    return found


def book(lake, date):
    """Returns the warehouse's line of a date's book."""
    return json.loads(lake.bytes(f"ledger/days/event_date={date}/audit/warehouse.json"))
