"""Positions in a series as requests write them: integers, or times of a series that has times."""

import contextlib
import re
from collections.abc import Collection

import numpy as np

from errors import BadInput, BadParameter
from readers.array_reader import read_each_time
from timeseries.series import Times

POSITION = re.compile(r"[0-9]{1,8}", re.ASCII)
"""A position and not a time: the seconds since 1970 have had nine digits since 1973."""

EPOCH = re.compile(r"-?[0-9]{9,19}", re.ASCII)
"""A time as a number: s, ms, µs or ns since 1970."""

ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII)
"""A time as the service writes it."""


def read_time(value: float | str) -> np.datetime64:
    """A time as text, or as an epoch in s, ms, µs or ns by magnitude; to the millisecond. Raises BadInput."""
    return np.datetime64(read_each_time([value])[0])


def read_interval(start: str | None, stop: str | None, times: Times | None, points: int) -> tuple[int, int]:
    """The half-open positions of the query parameters `from` and `to`: positions, or times; None is the end.

    times   (n,) of the series; None where it has none
    points  n
    Raises BadParameter.
    """
    first = 0 if start is None else read_position(start, "from", times, points)
    last = points if stop is None else read_position(stop, "to", times, points)
    if last < first:
        raise BadParameter("to must not lie before from.", name="to")
    return first, last


def read_position(text: str, name: str, times: Times | None, points: int) -> int:
    """A position up to `points`, or that of the first point not before a time. Raises BadParameter with `name`."""
    if POSITION.fullmatch(text):
        return min(int(text), points)
    if times is None:
        message = f"{name} must be a position, a whole number of at most eight digits: this series has no times."
        raise BadParameter(message, name=name)
    try:
        time = read_time(int(text) if EPOCH.fullmatch(text) else text)
    except BadInput as error:
        message = f"{name} must be a time such as 2026-03-01T10:15:00Z, or a position of at most eight digits."
        raise BadParameter(message, name=name) from error
    return int(np.searchsorted(times, time))


def positions_of_times(texts: Collection[str], times: Times) -> dict[str, int]:
    """By text the position of the first point not before its time; a text that is no time is left out.

    Texts in the format of the service are parsed in one call: one by one, 20,000 take seconds.
    """
    iso_texts = [text for text in texts if ISO_TIME.fullmatch(text)]
    parsed: dict[str, np.datetime64] = {}
    with contextlib.suppress(BadInput):  # one of them is no time, such as 2026-02-30: parse each below
        parsed = dict(zip(iso_texts, read_each_time(iso_texts), strict=True))
    for text in texts:
        if text not in parsed:
            with contextlib.suppress(BadInput):
                parsed[text] = read_time(text)
    return {text: int(np.searchsorted(times, time)) for text, time in parsed.items()}


def check_label_note(note: str, index: int) -> None:
    """Raises BadInput with the `index` of a label whose note cannot be stored."""
    if "\0" in note:  # PostgreSQL's text cannot hold it
        raise BadInput(f"The note of label {index} contains a NUL character; leave it out.", index=index)
