"""The events of a window of a stream, complete where they begin before the window or go on after it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from events.event import Event
from events.policy import event_of_point
from events.scored_points import ScoredPoints, concatenate
from streams.events import StreamEvent, anomaly_event
from timeseries.intervals import runs

STEP = 1_000
"""Maximum number of points read at a time beyond the window."""
MAX_BEYOND = 10_000
"""Maximum number of points read before the window, and after it. A longer event is cut there."""

Read = Callable[[int, int], ScoredPoints]
"""Returns at most so many points after a cursor."""


def window_events(points: ScoredPoints, read: Read, merge_gap: int) -> list[StreamEvent]:
    """Events that the points belong to or that were open before the first of them, in order.

    An event is a run of anomalies with at most `merge_gap` other points in between. Late points do not count: they
    neither open nor close an event. The peak is the anomaly of the highest score. `read` reads the same stream.
    """
    if not len(points):
        return []
    first = points.cursor - len(points)
    known = _with_points_before(points, read, merge_gap)
    if not (known.is_anomaly & ~known.late).any():
        return []
    known = _with_points_after(known, read, merge_gap)
    on_time = np.flatnonzero(~known.late)
    cursors = known.cursor - len(known) + 1 + on_time
    is_anomaly = known.is_anomaly[on_time]
    scores = np.where(is_anomaly, known.score[on_time], -1.0)
    events = []
    for start, stop in runs(is_anomaly, merge_gap):
        if cursors[start] > points.cursor or cursors[min(stop + merge_gap, len(cursors) - 1)] <= first:
            continue
        peak = start + int(np.argmax(scores[start:stop]))
        event = _event(known, on_time[[start, stop - 1, peak]].tolist(), int(np.count_nonzero(is_anomaly[start:stop])))
        events.append(anomaly_event(event, 0, is_open=stop + merge_gap >= len(cursors)))
    return events


def _with_points_before(points: ScoredPoints, read: Read, merge_gap: int) -> ScoredPoints:
    """The points with those before them that may belong to the same events."""
    known = points
    size = min(merge_gap + 1, STEP)
    while len(known) - len(points) < MAX_BEYOND:
        first = known.cursor - len(known)
        after = max(first - size, 0)
        earlier = read(after, first - after) if first else known.part(0, 0)
        earlier = earlier.part(0, max(first - (earlier.cursor - len(earlier)), 0))
        if not len(earlier):
            break
        known = concatenate((earlier, known))
        before = np.count_nonzero(~known.late[: len(known) - len(points)])
        flags = known.is_anomaly[~known.late]
        if min(before, int(np.argmax(flags)) if flags.any() else before) > merge_gap:
            break
        size = STEP
    return known


def _with_points_after(known: ScoredPoints, read: Read, merge_gap: int) -> ScoredPoints:
    """The points with those after them that may belong to the same events."""
    length = len(known)
    while len(known) - length < MAX_BEYOND:
        flags = known.is_anomaly[~known.late]
        if np.argmax(flags[::-1]) > merge_gap:
            break
        later = read(known.cursor, min(merge_gap + 1, STEP) if len(known) == length else STEP)
        if not len(later) or later.cursor - len(later) != known.cursor:
            break
        known = concatenate((known, later))
    return known


def _event(points: ScoredPoints, positions: list[int], anomalies: int) -> Event:
    """The event whose first, last and worst anomaly stand at these positions."""
    start, last, peak = positions
    times = [None if points.times is None else int(points.times[at].astype(np.int64)) for at in (start, last)]
    first_cursor = points.cursor - len(points) + 1
    return replace(
        event_of_point(points, peak, first_cursor + peak),
        start=first_cursor + start,
        stop=first_cursor + last + 1,
        start_time=times[0],
        stop_time=times[1],
        anomalies=anomalies,
    )
