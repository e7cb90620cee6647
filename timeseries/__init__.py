"""One series as numbers: Series, Table, regular grid, gaps, windows, seasonality, scaling, downsampling."""

from timeseries.names import HIDDEN, escape_formula
from timeseries.note import Note
from timeseries.repairs import Repair
from timeseries.series import Bools, Floats, Series, Times
from timeseries.table import DateOrder, DatesRead, Limits, Table
from timeseries.time_format import duration, format_times

__all__ = [
    "HIDDEN",
    "Bools",
    "DateOrder",
    "DatesRead",
    "Floats",
    "Limits",
    "Note",
    "Repair",
    "Series",
    "Table",
    "Times",
    "duration",
    "escape_formula",
    "format_times",
]
