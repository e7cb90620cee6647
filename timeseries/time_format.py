"""Times and lengths of time as text."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from timeseries.series import Times

_DAY_MS = 86_400_000
_UNITS = (("days", _DAY_MS), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1000))


def format_times(times: Times | None, *, as_ms: bool = False) -> list[str] | list[int] | None:
    """Times as ISO 8601 in UTC, `2026-03-01T10:15:00Z`, or as integer epoch milliseconds; None stays None.

    Milliseconds are written only for the times that have any.

    >>> format_times(np.array(["2026-03-01T10:15", "2026-03-01T10:15:00.5"], "datetime64[ms]"))
    ['2026-03-01T10:15:00Z', '2026-03-01T10:15:00.500Z']
    """
    if times is None:
        return None
    numbers = times.astype("datetime64[ms]").astype(np.int64)
    if as_ms:
        epoch_ms: list[int] = numbers.tolist()
        return epoch_ms
    return _lines(numbers).decode("ascii").split("\n")[:-1]


def format_epoch_ms(epoch_ms: Sequence[int], *, as_ms: bool = False) -> list[str] | list[int]:
    """`format_times` for times in ms since 1970 UTC.

    >>> format_epoch_ms([1_772_360_100_000])
    ['2026-03-01T10:15:00Z']
    """
    return format_times(np.array(epoch_ms, np.int64).astype("datetime64[ms]"), as_ms=as_ms) or []


def duration(ms: float, digits: int = 3) -> str:
    """A length of time, to so many digits, in the largest unit of which there are two.

    >>> [duration(ms) for ms in (5, 1500, 90_000, 5_400_000, 100_000_000, 200_000_000)]
    ['5 ms', '1.5 seconds', '90 seconds', '90 minutes', '27.8 hours', '2.31 days']
    >>> [duration(ms, digits=2) for ms in (1000, 119_000, 100_000_000)]
    ['1 second', '119 seconds', '28 hours']
    """
    if ms < 1000:
        return f"{ms:.{digits}g} ms"
    name, unit = next((each for each in _UNITS if ms >= 2 * each[1]), _UNITS[-1])
    number = f"{ms / unit:.0f}" if ms >= 100 * unit else f"{ms / unit:.{digits}g}"
    return "1 second" if number == "1" else f"{number} {name}"


def _lines(numbers: NDArray[np.int64]) -> bytes:
    """One time a line. All digits are written column by column; numpy's own writer takes a time at a time."""
    days, rest = np.divmod(numbers, _DAY_MS)
    lines = np.empty((len(numbers), 25), np.uint8)
    lines[:] = np.frombuffer(b"0000-00-00T00:00:00.000Z\n", np.uint8)
    lines[:, :10] = _dates(days)
    rest = rest.astype(np.int32)
    for place, size in ((11, 36_000_000), (12, 3_600_000), (14, 600_000), (15, 60_000), (17, 10_000), (18, 1_000)):
        lines[:, place] += (rest // size).astype(np.uint8)
        rest %= size
    for place, size in ((20, 100), (21, 10), (22, 1)):
        lines[:, place] += (rest // size % 10).astype(np.uint8)
    lines[rest == 0, 19:23] = 0
    return bytes(lines[lines != 0])


def _dates(days: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(n, 10) the bytes of each day's date."""
    distinct, which = np.unique(days, return_inverse=True)
    text = np.datetime_as_string(distinct.astype("datetime64[D]")).astype("S10")
    return text.view(np.uint8).reshape(len(distinct), 10)[which]
