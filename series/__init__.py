"""The way in: CSV or JSON arrays to a Table of Series, with a report of everything that was repaired.

`read_csv` takes the bytes of a file, `read_arrays` the arrays of a JSON request, `format_times` writes times out.
What is understood, every repair and every error stand in `docs/reading.md`.
"""

from series.arrays import read_arrays
from series.formatting import format_times
from series.names import HIDDEN, as_text
from series.reading import read_csv
from series.series import Bools, Floats, Series, Times
from series.table import DateOrder, DatesRead, Limits, Repair, Table

__all__ = [
    "HIDDEN",
    "Bools",
    "DateOrder",
    "DatesRead",
    "Floats",
    "Limits",
    "Repair",
    "Series",
    "Table",
    "Times",
    "as_text",
    "format_times",
    "read_arrays",
    "read_csv",
]
