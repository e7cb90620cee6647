"""Labels as people send them: by time, or by cursor where a stream counts its points."""

import re
from collections.abc import Sequence

import numpy as np

from errors import BadInput
from readers.positions import check_label_note, read_time
from store import Label

MOST = 1_000
"""Labels of one stream."""

Place = int | float | str
Given = tuple[Place, Place, str, str]
"""start, stop, kind, note"""


EARLIEST_MS = 10**11
"""A number is no time of a stream whose times are later than this, in 1973, if it lies before it as seconds: it is a
cursor, which such streams do not take."""


def read_labels(given: Sequence[Given], timed: bool, last_time: int | None) -> list[Label]:
    """Labels of a stream with times, the newest at `last_time` (ms), or of one that counts. Raises BadInput
    with the `index` of a label."""
    if len(given) > MOST:
        raise BadInput(f"A stream has at most {MOST} labels.", limit=MOST)
    return [_label(each, timed, last_time or 0, index) for index, each in enumerate(given)]


def _label(given: Given, timed: bool, last_time: int, index: int) -> Label:
    start, stop = (_place(each, timed, last_time, index) for each in given[:2])
    if stop <= start:
        said = f"Label {index} ends where it starts, or before; stop is the first point that it does not hold."
        raise BadInput(said, index=index)
    check_label_note(given[3], index)
    return Label(start, stop, given[2], given[3])


def _place(place: Place, timed: bool, last_time: int, index: int) -> int:
    if timed:
        if re.fullmatch(r"[0-9]{1,8}", str(place)) and last_time >= EARLIEST_MS:
            said = f"Label {index}: {place} is no time of this stream, which has times; send these, not cursors."
            raise BadInput(said, index=index)
        return int(read_time(place).astype(np.int64))
    if not isinstance(place, int) or not 0 <= place < 2**62:
        said = f"Label {index}: this stream counts its points; start and stop are cursors, whole numbers."
        raise BadInput(said, index=index)
    return place
