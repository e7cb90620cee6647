"""Events at a detector's own threshold, counted as detected, missed or false alarms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from timeseries import Bools
from timeseries.intervals import runs

Spans = Sequence[tuple[int, int]]
PER = 10_000


@dataclass(frozen=True)
class EventMetrics:
    """Counts of one series and what follows from them.

    labelled  events that are labelled
    detected  those of them that at least one event of the detector overlaps
    false     events of the detector that overlap no labelled one
    normal    points that are not labelled
    delay     mean over the detected events: points from the first labelled one to the first flagged one, 0 where the
              detector's event began before; NaN where none is detected
    peaks     labelled events in which the peak of at least one event of the detector lies
    astray    events of the detector whose peak lies in no labelled event
    """

    labelled: int
    detected: int
    false: int
    normal: int
    delay: float
    peaks: int
    astray: int

    @property
    def precision(self) -> float:
        """detected / (detected + false): several alarms within one labelled event count once. 0 without any alarm;
        NaN on a series without labelled events, where only false alarms can be counted."""
        return _share(self.detected, self.detected + self.false) if self.labelled else float("nan")

    @property
    def recall(self) -> float:
        """detected / labelled; NaN where nothing is labelled."""
        return _share(self.detected, self.labelled) if self.labelled else float("nan")

    @property
    def f1(self) -> float:
        """2 · detected / (labelled + detected + false); NaN where nothing is labelled."""
        return _share(2 * self.detected, self.labelled + self.detected + self.false) if self.labelled else float("nan")

    @property
    def peak_f1(self) -> float:
        """The same, where an event of the detector counts by its peak: one long event cannot detect them all."""
        return _share(2 * self.peaks, self.labelled + self.peaks + self.astray) if self.labelled else float("nan")

    @property
    def false_rate(self) -> float:
        """False events per 10,000 normal points."""
        return _share(PER * self.false, self.normal)


def event_metrics(events: Spans, labels: Bools, peaks: Sequence[int] | None = None) -> EventMetrics:
    """Compare the events of a detector with labelled ones, without any adjustment of points.

    events  half-open positions, in order, without overlap
    labels  (n,) true for an anomalous point; each run of them is one labelled event
    peaks   position of the highest score of each event; its first point by default

    A labelled event counts as detected if an event of the detector shares a point with it (Hundman et al., "Detecting
    Spacecraft Anomalies Using LSTMs", KDD 2018, section 3.3, whose counts these are).
    """
    labelled = runs(np.asarray(labels, dtype=bool))
    detected, delays, touched = 0, [], [False] * len(events)
    for start, stop in labelled:
        hits = [k for k, (first, last) in enumerate(events) if first < stop and last > start]
        for k in hits:
            touched[k] = True
        if hits:
            detected += 1
            delays.append(max(0, events[hits[0]][0] - start))
    where = np.asarray([first for first, _ in events] if peaks is None else peaks, dtype=int)
    hit = {k for k, (start, stop) in enumerate(labelled) if np.any((where >= start) & (where < stop))}
    return EventMetrics(
        labelled=len(labelled),
        detected=detected,
        false=touched.count(False),
        normal=int(np.count_nonzero(~np.asarray(labels, dtype=bool))),
        delay=float(np.mean(delays)) if delays else float("nan"),
        peaks=len(hit),
        astray=int(np.count_nonzero(~np.asarray(labels, dtype=bool)[where])) if where.size else 0,
    )


def _share(part: float, total: float) -> float:
    return part / total if total else 0.0
