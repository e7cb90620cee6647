"""Labels as people send them: by time, or by cursor where a stream counts its points."""

from collections.abc import Sequence

import numpy as np

from errors import BadInput
from series import read_arrays
from store import Label

MOST = 1_000
"""Labels of one stream."""

Place = int | float | str
Given = tuple[Place, Place, str, str]
"""start, stop, kind, note"""


def read_labels(given: Sequence[Given], timed: bool) -> list[Label]:
    """Labels of a stream with times, or of one that counts. Raises BadInput with the `index` of a label."""
    if len(given) > MOST:
        raise BadInput(f"A stream has at most {MOST} labels.", limit=MOST)
    return [_label(each, timed, index) for index, each in enumerate(given)]


def _label(given: Given, timed: bool, index: int) -> Label:
    start, stop = (_place(each, timed, index) for each in given[:2])
    if stop <= start:
        said = f"Label {index} ends where it starts, or before; stop is the first point that it does not hold."
        raise BadInput(said, index=index)
    if "\0" in given[3]:  # no text of PostgreSQL's holds it
        raise BadInput(f"The note of label {index} holds a NUL character; leave it out.", index=index)
    return Label(start, stop, given[2], given[3])


def _place(place: Place, timed: bool, index: int) -> int:
    if timed:
        times = read_arrays([0.0], [place]).series().times
        assert times is not None
        return int(times.astype(np.int64)[0])
    if not isinstance(place, int) or not 0 <= place < 2**62:
        said = f"Label {index}: this stream counts its points; start and stop are cursors, whole numbers."
        raise BadInput(said, index=index)
    return place
