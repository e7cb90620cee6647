"""What arrives: read, and each point that is late, there already or of the future treated by its rule."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from errors import BadInput
from judged import COLUMNS, Judged, unjudged
from series import Limits, Repair, Series, Times, read_arrays
from series.order import settle_order
from store import Stream


def read(
    times: Times | Sequence[int | float | str] | None, values: Sequence[float | None], limits: Limits
) -> tuple[Series, tuple[Repair, ...]]:
    """The points in the order of time, each time once, and what was changed for that.

    Raises BadInput, with the index of the point, for a value or time that is none.
    """
    if not isinstance(times, np.ndarray):
        table = read_arrays(values, times, limits=limits)
        return table.series(), table.repairs
    table = read_arrays(values, limits=limits)
    micros = times.astype("datetime64[us]").astype(np.int64)
    stamps, order, mended = settle_order(micros, lambda at: [int(place) for place in at[:5]])
    return Series(stamps, table.series().values[order]), (*table.repairs, *mended)


def check(series: Series, stream: Stream, latest: int) -> None:
    """Refuses points with times in a stream that counts, the other way round, and times after `latest`, in ms."""
    if stream.timed is not None and stream.timed != (series.times is not None):
        have = "points with times; send times" if stream.timed else "points without times; send none"
        raise BadInput(f"This stream has {have} with each value.", name="times")
    if series.times is not None and len(series) and (newest := int(series.times[-1].astype(np.int64))) > latest:
        index = int(np.argmax(series.times.astype(np.int64) > latest))
        said = f"times[{index}] lies too far in the future: the newest allowed now is {_text(latest)}."
        raise BadInput(f"{said} Check the clock, the time zone and the unit.", index=index, time=_text(newest))


def split(series: Series, stream: Stream) -> tuple[Series, Series]:
    """The points that are not newer than the stream's newest, and those that are."""
    if series.times is None or stream.last_time is None:
        return series.slice(0, 0), series
    at = int(np.searchsorted(series.times.astype(np.int64), stream.last_time, side="right"))
    return series.slice(0, at), series.slice(at, len(series))


def answered(old: Series, there: Judged) -> tuple[Judged, tuple[Repair, ...]]:
    """Points not newer than the stream's newest, answered with what `there` has at their times; and a report."""
    known: dict[Any, int] = {time: k for k, time in enumerate(_ms(there.times))}
    at = [known.get(time) for time in _ms(old.times)]
    kept = unjudged(old.times, old.values.copy(), there.cursor)
    columns = {name: getattr(kept, name).copy() for name in COLUMNS}
    judged_by = list(kept.judged_by)
    for k, place in enumerate(at):
        if place is not None:
            for name, column in columns.items():
                column[k] = getattr(there, name)[place]
            judged_by[k] = there.judged_by[place]
    late = [k for k, place in enumerate(at) if place is None]
    again = [k for k, place in enumerate(at) if place is not None]
    found = [
        _repair("already_there", "Points whose times are there already were left as they are.", again),
        _repair("late_points", "Points older than the stream's newest were not kept.", late),
    ]
    told = Judged(old.times, **columns, judged_by=tuple(judged_by), cursor=there.cursor)
    return told, tuple(repair for repair in found if repair.count)


def _repair(code: str, message: str, at: list[int]) -> Repair:
    return Repair(code, message, len(at), tuple(at[:5]))


def _ms(times: Times | None) -> list[int]:
    return [] if times is None else times.astype(np.int64).tolist()


def _text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
