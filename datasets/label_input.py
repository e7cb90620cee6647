"""Labels of datasets as people send them: by position or by time."""

from collections.abc import Mapping, Sequence

from errors import BadInput
from readers.positions import check_label_note, positions_of_times
from store import Label
from timeseries import Times

MAX_LABELS = 10_000
"""Labels of one dataset."""

LabelInput = tuple[int | str, int | str, str, str]
"""start, stop, kind, note"""


def read_labels(inputs: Sequence[LabelInput], times: Times | None, points: int) -> list[Label]:
    """Labels in positions of a dataset.

    times   (n,) of the dataset; None where it has none
    points  n
    Raises BadInput, with the `index` of a label.
    """
    if len(inputs) > MAX_LABELS:
        raise BadInput(f"A dataset has at most {MAX_LABELS} labels.", limit=MAX_LABELS)
    positions = None
    if times is not None:
        texts = {end for start, stop, _, _ in inputs for end in (start, stop) if isinstance(end, str)}
        positions = positions_of_times(texts, times)
    return [_label(each, index, points, positions) for index, each in enumerate(inputs)]


def _label(label: LabelInput, index: int, points: int, positions: Mapping[str, int] | None) -> Label:
    start_input, stop_input, kind, note = label
    start = _position(start_input, index, positions)
    stop = _position(stop_input, index, positions)
    if not 0 <= start < stop <= points:
        message = f"Label {index} must hold points of the dataset: start from 0, stop after start and at most {points}."
        raise BadInput(message, index=index, limit=points)
    check_label_note(note, index)
    return Label(start, stop, kind, note)


def _position(end: int | str, index: int, positions: Mapping[str, int] | None) -> int:
    """`positions` are those of the texts that are times; None where the dataset has no times."""
    if isinstance(end, int):
        return end
    if positions is None or end not in positions:
        time = "" if positions is None else ", or a time like 2026-03-01T10:15:00Z"
        raise BadInput(f"Label {index}: {end[:40]!r} is not a position, a whole number from 0{time}.", index=index)
    return positions[end]
