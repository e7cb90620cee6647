"""Times on the way out."""

import numpy as np

from series.series import Times


def format_times(times: Times | None, *, as_ms: bool = False) -> list[str] | list[int] | None:
    """Times as ISO 8601 in UTC, `2026-03-01T10:15:00Z`, or as integer epoch milliseconds; None stays None.

    Milliseconds are written only for the times that have any.

    >>> format_times(np.array(["2026-03-01T10:15", "2026-03-01T10:15:00.5"], "datetime64[ms]"))
    ['2026-03-01T10:15:00Z', '2026-03-01T10:15:00.500Z']
    """
    if times is None:
        return None
    stamps = times.astype("datetime64[ms]")
    numbers = stamps.astype(np.int64)
    if as_ms:
        whole: list[int] = numbers.tolist()
        return whole
    text: list[str] = np.datetime_as_string(stamps, unit="s", timezone="UTC").tolist()
    odd = np.flatnonzero(numbers % 1000)
    fine = np.datetime_as_string(stamps[odd], unit="ms", timezone="UTC").tolist()
    for position, written in zip(odd.tolist(), fine, strict=True):
        text[position] = written
    return text
