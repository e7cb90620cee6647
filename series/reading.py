"""From bytes or arrays to a Table."""

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # pandas ships no types

from errors import LimitExceeded, UnknownName, Unreadable
from series.table import DEFAULT_LIMITS, DateOrder, Limits, Table


def read_csv(
    data: bytes,
    *,
    name: str = "",
    time_column: str | None = None,
    value_column: str | None = None,
    date_order: DateOrder | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Table:
    """The table in the bytes of a CSV file, perhaps gzipped or the one file of a zip archive.

    Raises Unreadable, Ambiguous, UnknownName or LimitExceeded.
    """
    if len(data) > limits.max_bytes:
        raise LimitExceeded(
            f"The file is larger than {limits.max_bytes} bytes.", limit=limits.max_bytes, setting="max_bytes"
        )
    try:
        frame = pd.read_csv(io.BytesIO(data), compression="gzip" if data[:2] == b"\x1f\x8b" else None)
    except (ValueError, OSError) as error:
        raise Unreadable(f"The file cannot be read as CSV: {error}") from error
    for asked in (time_column, value_column):
        if asked is not None and asked not in frame.columns:
            raise UnknownName(f"There is no column {asked!r}.", name=asked, known=list(frame.columns))
    times = None
    if time_column is None:
        time_column = next((c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])), None)
    if time_column is not None:
        times = (
            pd.to_datetime(frame[time_column], utc=True, format="ISO8601")
            .dt.tz_localize(None)
            .to_numpy()
            .astype("datetime64[ms]")
        )
    columns = {
        str(c): frame[c].to_numpy(dtype=np.float64)
        for c in frame.columns
        if c != time_column and pd.api.types.is_numeric_dtype(frame[c])
    }
    if not columns:
        raise Unreadable("The file has no column of numbers.")
    return Table(name, times, columns, time_column, (), value_column)


def read_arrays(
    values: Sequence[float | None],
    times: Sequence[int | float | str] | None = None,
    *,
    name: str = "value",
    date_order: DateOrder | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Table:
    """The table of one column from the arrays of a JSON request.

    Raises Unreadable, Ambiguous or LimitExceeded.
    """
    if len(values) > limits.max_rows:
        raise LimitExceeded(f"More than {limits.max_rows} values.", limit=limits.max_rows, setting="max_rows")
    stamps = None
    if times is not None:
        if len(times) != len(values):
            raise Unreadable(f"{len(times)} times for {len(values)} values; send as many of each.")
        if times and isinstance(times[0], str):
            stamps = (
                pd.to_datetime(list(times), utc=True, format="ISO8601")
                .tz_localize(None)
                .to_numpy()
                .astype("datetime64[ms]")
            )
        else:
            stamps = np.asarray(times, dtype=np.int64).astype("datetime64[ms]")
    return Table(name, stamps, {name: np.array(values, dtype=np.float64)}, None)
