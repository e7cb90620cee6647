"""One series as numbers: Series, Table, regular grid, gaps, windows, seasonality, scaling, downsampling."""

from timeseries.names import HIDDEN, escape_formula
from timeseries.note import Note
from timeseries.repairs import Repair
from timeseries.series import EMPTY_SERIES, Bools, Floats, Series, Times
from timeseries.table import DateOrder, DatesRead, Limits, Table
from timeseries.time_format import duration, format_epoch_ms, format_times

__all__ = [
    "EMPTY_SERIES",
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
    "format_epoch_ms",
    "format_times",
]
