"""Parsing and checking pushed points, before they are scored."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from errors import BadInput
from readers import read_arrays
from readers.sorting import sort_by_time
from store import Stream
from timeseries import Limits, Repair, Series, Times

MAX_AHEAD_MS = 600_000
"""How far a time may lie ahead of the clock, as in Prometheus: clocks differ. A time further ahead has a wrong zone or
unit, and would make all points after it late."""


def parse_points(
    times: Times | Sequence[int | float | str] | None, values: Sequence[float | None], limits: Limits
) -> tuple[Series, tuple[Repair, ...]]:
    """The points by time, one for each time, and the repairs that this took.

    Raises BadInput with the index of the point that has an invalid value or time.
    """
    if not isinstance(times, np.ndarray):
        table = read_arrays(values, times, limits=limits)
        return table.series(), table.repairs
    table = read_arrays(values, limits=limits)
    micros = times.astype("datetime64[us]").astype(np.int64)
    stamps, order, repairs = sort_by_time(micros, lambda at: [int(place) for place in at[:5]])
    return Series(stamps, table.series().values[order]), (*table.repairs, *repairs)


def check_points(series: Series, stream: Stream, now: int) -> None:
    """Raise BadInput unless points have times where the stream's have, none too late.

    now  ms since 1970 UTC
    """
    if stream.timed is not None and stream.timed != (series.times is not None):
        have = "points with times; send times" if stream.timed else "points without times; send none"
        raise BadInput(f"This stream has {have} with each value.", name="times")
    if stream.retention_ms is not None and series.times is None:
        raise BadInput("The points of this stream expire by their time; send times with them.", name="times")
    latest = now + MAX_AHEAD_MS
    if series.times is not None and len(series) and int(series.times[-1].astype(np.int64)) > latest:
        index = int(np.argmax(series.times.astype(np.int64) > latest))
        time = f"{np.datetime_as_string(series.times[index], 's')}Z"
        raise BadInput(
            f"The time {time} lies too far in the future: the clock here says {_text(now)}, and 10 "
            "minutes more are allowed. Check the sender's clock, the time zone and the unit.",
            index=index,
            time=time,
        )


def split_by_newest(series: Series, stream: Stream) -> tuple[Series, Series]:
    """The points that are not newer than the stream's newest, and those that are."""
    if series.times is None or stream.last_time is None:
        return series.slice(0, 0), series
    at = int(np.searchsorted(series.times.astype(np.int64), stream.last_time, side="right"))
    return series.slice(0, at), series.slice(at, len(series))


def _text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
