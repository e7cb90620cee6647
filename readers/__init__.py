"""Bytes and arrays to a Table: CSV, JSON arrays, InfluxDB line protocol.

`read_csv` takes the bytes of a file, `read_arrays` the arrays of a JSON request, `read_time` one time. What is
understood, every repair and every error stand in `docs/reference/file-formats.md`.
"""

from readers.array_reader import read_arrays
from readers.csv_reader import read_csv
from readers.positions import read_time

__all__ = [
    "read_arrays",
    "read_csv",
    "read_time",
]
