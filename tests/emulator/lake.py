"""The lake as anybody finds it: objects, the JSON of its ledger, rows of its Parquet."""

import json
import tempfile
from pathlib import Path

import duckdb


class Lake:
    def __init__(self, place, bucket):
        self._s3 = place.client("s3")
        self._bucket = bucket
        self._here = Path(tempfile.mkdtemp(prefix="lake-"))

    def keys(self, prefix):
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def bytes(self, key):
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def json(self, key):
        return json.loads(self.bytes(key))

    def put(self, key, content):
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)

    def delete(self, key):
        self._s3.delete_object(Bucket=self._bucket, Key=key)

    def upload_below(self, lake, zone):
        """Everything of that zone of an embedded lake."""
        for path in sorted((lake / zone).rglob("*")):
            if path.is_file():
                self.put(path.relative_to(lake).as_posix(), path.read_bytes())

    def receipts(self):
        return [self.json(key) for key in self.keys("ledger/receipts/")]

    def generations(self):
        """Every date's generations, ascending."""
        found = {}
        for key in self.keys("ledger/days/"):
            date, name = key.removeprefix("ledger/days/event_date=").split("/", 1)
            if name.removesuffix(".json").isdigit():
                found.setdefault(date, []).append(self.json(key))
        return found

    def current(self):
        return {date: generations[-1] for date, generations in self.generations().items()}

    def columns(self, keys):
        """The names and types of these Parquet objects' columns, in their order."""
        described = self.rows(keys, "DESCRIBE files")
        return [name for name, *_ in described], [kind for _, kind, *_ in described]

    def rows(self, keys, query):
        """The answer of SQL over these Parquet objects, which it knows as `files`."""
        paths = []
        for key in keys:
            path = self._here / key
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.bytes(key))
            paths.append(str(path))
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.read_parquet(paths, union_by_name=True, hive_partitioning=False).create_view("files")
            return connection.execute(query).fetchall()


def table_rows(generation):
    """Rows by table, as a generation says."""
    return {name: sum(file["rows"] for file in table["files"]) for name, table in generation["tables"].items()}


def table_keys(generation, table):
    return [file["key"] for file in generation["tables"][table]["files"]]
