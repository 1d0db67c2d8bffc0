"""Access to the lake: objects, JSON of the ledger, and rows of Parquet files."""

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
        """Uploads all objects of a zone of an embedded lake."""
        for path in sorted((lake / zone).rglob("*")):
            if path.is_file():
                self.put(path.relative_to(lake).as_posix(), path.read_bytes())

    def receipts(self):
        return [self.json(key) for key in self.keys("ledger/receipts/")]

    def generations(self):
        """Returns the generations of every date in ascending order."""
        found = {}
        for key in self.keys("ledger/days/"):
            date, name = key.removeprefix("ledger/days/event_date=").split("/", 1)
            if name.removesuffix(".json").isdigit():
                found.setdefault(date, []).append(self.json(key))
        return found

    def current(self):
        return {date: generations[-1] for date, generations in self.generations().items()}

    def columns(self, keys):
        """Returns the names and types of the columns of Parquet objects, in order."""
        described = self.rows(keys, "DESCRIBE files")
        return [name for name, *_ in described], [kind for _, kind, *_ in described]

    def rows(self, keys, query):
        """Runs SQL over Parquet objects, which the query names `files`."""
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
    """Returns the number of rows by table, as a generation states them."""
    return {name: sum(file["rows"] for file in table["files"]) for name, table in generation["tables"].items()}


def table_keys(generation, table):
    return [file["key"] for file in generation["tables"][table]["files"]]
