"""Reads every Parquet file of a folder with three readers. Prints the name, type, number of nulls
and digest of the values of each column. Also compares filters that readers push down to the
file's statistics with the values."""

import hashlib
import json
import struct
import sys
from pathlib import Path

import duckdb
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

duckdb.sql("SET TimeZone = 'UTC'")

READERS = {
    "pyarrow": pq.read_table,
    "duckdb": lambda path: duckdb.read_parquet(str(path)).to_arrow_table(),
    "polars": lambda path: polars.read_parquet(path).to_arrow(),
}


def kind_of(type: pa.DataType) -> str:
    """Returns the name of a type, independent of its representation in memory."""
    if pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type):
        return "text"
    if pa.types.is_binary(type) or pa.types.is_large_binary(type) or pa.types.is_binary_view(type):
        return "bytes"
    if pa.types.is_timestamp(type):
        return f"timestamp, {type.unit}, {type.tz}"
    return {"date32[day]": "date", "float": "float32"}.get(str(type), str(type))


# The plain type of each kind for the digest, and the replacement of nulls.
PLAIN = {
    "text": (pa.large_binary(), b""),
    "bytes": (pa.large_binary(), b""),
    "int32": (pa.int32(), 0),
    "date": (pa.int32(), 0),
    "int64": (pa.int64(), 0),
    "float32": (pa.float32(), 0.0),
    "timestamp, us, UTC": (pa.int64(), 0),
}


def numbers(array: pa.Array) -> bytes:
    """Returns the bytes of an array of numbers without nulls."""
    width = array.type.bit_width // 8
    start = array.offset * width
    return array.buffers()[1].to_pybytes()[start : start + len(array) * width]


def all_bytes(array: pa.LargeBinaryArray) -> bytes:
    """Returns the concatenated values of an array without nulls."""
    _, offsets, values = array.buffers()
    offset = struct.Struct("<q")
    start, end = (offset.unpack_from(offsets, 8 * (array.offset + at))[0] for at in (0, len(array)))
    return values.to_pybytes()[start:end] if values else b""


def digest(column: pa.ChunkedArray, kind: str) -> str:
    plain, zero = PLAIN[kind]
    found = hashlib.md5()
    if column.num_chunks == 0:
        return found.hexdigest()
    found.update(numbers(pa.concat_arrays(column.is_valid().cast(pa.uint8()).chunks)))
    if kind == "text":
        column = column.cast(pa.large_string())
    values = pa.concat_arrays(pc.fill_null(column.cast(plain), zero).chunks)
    if kind not in ("text", "bytes"):
        found.update(numbers(values))
        return found.hexdigest()
    found.update(numbers(pc.binary_length(values).cast(pa.int32())))
    found.update(all_bytes(values))
    return found.hexdigest()


def columns(table: pa.Table) -> list:
    described = []
    for name, column in zip(table.column_names, table.columns):
        kind = kind_of(column.type)
        described.append([name, kind, column.null_count, digest(column, kind)])
    return described


def check_filters(path: Path, table: pa.Table) -> None:
    """Compares the number of rows that each reader's filter finds for the minimum, the maximum, the last
    value and null of each column with the number of rows that have this value."""
    for name, column in zip(table.column_names, table.columns):
        nulls = column.null_count
        field = f'"{name}"'
        rows = f"SELECT count(*) FROM read_parquet(?) WHERE {field}"
        by_duckdb = duckdb.execute(f"{rows} IS NULL", [str(path)]).fetchall()[0][0]
        by_polars = polars.scan_parquet(path).filter(polars.col(name).is_null())
        by_polars = by_polars.select(polars.len()).collect().item()
        assert by_duckdb == by_polars == nulls, (path.name, name, "null", by_duckdb, by_polars, nulls)
        present = column.drop_null()
        if len(present) == 0 or kind_of(column.type) == "bytes":
            continue
        bounds = pc.min_max(present)
        for value in {bounds["min"], bounds["max"], present[-1]}:
            count = pc.sum(pc.equal(column, value)).as_py()
            given = value.as_py()
            by_duckdb = duckdb.execute(f"{rows} = ?", [str(path), given]).fetchall()[0][0]
            literal = polars.lit(given, dtype=polars.read_parquet_schema(path)[name])
            by_polars = polars.scan_parquet(path).filter(polars.col(name) == literal)
            by_polars = by_polars.select(polars.len()).collect().item()
            by_pyarrow = pq.read_table(path, columns=[name], filters=pc.field(name) == value).num_rows
            counts = (by_duckdb, by_polars, by_pyarrow)
            assert counts == (count,) * 3, (path.name, name, given, counts, count)


def main(folder: Path) -> None:
    described = {}
    for path in sorted(folder.glob("*.parquet")):
        described[path.stem] = {name: columns(read(path)) for name, read in READERS.items()}
        check_filters(path, pq.read_table(path))
    json.dump(described, sys.stdout)


main(Path(sys.argv[1]))
