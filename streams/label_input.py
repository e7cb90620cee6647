"""Labels as requests write them: by time, or by cursor in a stream that counts its points."""

from collections.abc import Sequence

import numpy as np

from errors import BadInput
from readers.positions import POSITION, check_label_note, read_time
from store import Label

MAX_LABELS = 1_000
"""Maximum number of labels of one stream."""

Position = int | float | str
LabelInput = tuple[Position, Position, str, str]
"""start, stop, kind, note"""

FIRST_UNAMBIGUOUS_MS = 10**11
"""In a stream with times after this one, in 1973, a number of at most eight digits is a cursor and not a time."""


def read_labels(inputs: Sequence[LabelInput], timed: bool, last_time: int | None) -> list[Label]:
    """The labels of a stream. Raises BadInput with the `index` of a label.

    timed      whether its points have times
    last_time  of the newest point, ms since 1970 UTC
    """
    if len(inputs) > MAX_LABELS:
        raise BadInput(f"A stream has at most {MAX_LABELS} labels.", limit=MAX_LABELS)
    return [_label(each, timed, last_time or 0, index) for index, each in enumerate(inputs)]


def _label(label: LabelInput, timed: bool, last_time: int, index: int) -> Label:
    start_input, stop_input, kind, note = label
    start = _position(start_input, timed, last_time, index)
    stop = _position(stop_input, timed, last_time, index)
    if stop <= start:
        message = f"Label {index} ends where it starts, or before; stop is the first point after the label."
        raise BadInput(message, index=index)
    check_label_note(note, index)
    return Label(start, stop, kind, note)


def _position(position: Position, timed: bool, last_time: int, index: int) -> int:
    """A time in ms since 1970 UTC, or a cursor."""
    if timed:
        if POSITION.fullmatch(str(position)) and last_time >= FIRST_UNAMBIGUOUS_MS:
            message = f"Label {index}: {position} is not a time; this stream has times, send these, not cursors."
            raise BadInput(message, index=index)
        return int(read_time(position).astype(np.int64))
    if not isinstance(position, int) or not 0 <= position < 2**62:
        message = f"Label {index}: this stream counts its points; send whole numbers, cursors, as start and stop."
        raise BadInput(message, index=index)
    return position
