"""How many events each sigma would give, from a judgement that was kept; what a target asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly_detection import Detection, Detector, parameters_of
from evaluation.rethresholding import rethreshold
from events.filter import Stretch
from timeseries import Bools, Series

MONTH_MS = 2_629_746_000
"""A twelfth of the Gregorian year, ms."""
STEPS = 30
"""Sigmas that are tried."""
LOWEST = 1.5
"""The smallest sigma of a curve: below it, noise is what is found."""
HALVINGS = 12


@dataclass(frozen=True)
class Found:
    """What one value of the parameter gives.

    value      of the parameter, sigma as a rule
    events     how many; per_month: on average, None where the series has no times or no length
    caught     of the stretches that are labelled an anomaly, those that an event touches; None without labels
    right      of the events, those that touch such a stretch; None without labels
    precision, recall  right ÷ events and caught ÷ stretches; None where that is 0 ÷ 0
    """

    value: float
    events: int
    per_month: float | None
    caught: int | None = None
    right: int | None = None
    precision: float | None = None
    recall: float | None = None


class Sensitivity:
    """What other values of a detector's sigma, or threshold, would find.

    `anomalies` and `normal` are the stretches that people labelled. With an anomaly labelled, what is not labelled at
    all counts as normal, so that precision is that of somebody who has labelled everything.
    """

    def __init__(self, detector: type[Detector], kept: Detection, anomalies: Sequence[Stretch] = ()) -> None:
        self._detector, self._kept, self._anomalies = detector, kept, anomalies
        self.name = next(name for name in detector.adjustable_params if name != "merge_gap")
        param = parameters_of(detector)[self.name]
        self._least, self._most = float(param.minimum), float(param.maximum)
        self._months = months(kept.series)

    def curve(self) -> list[Found]:
        """From the most events to none, STEPS values, and the present one."""
        highest = self._first_without_events()
        lowest = min(max(LOWEST, self._least), highest / 2)
        steps = {round_up(value) for value in np.geomspace(max(lowest, self._least), highest, STEPS).tolist()}
        present = float(self._kept.params[self.name])
        return [self.at(value) for value in sorted({min(value, self._most) for value in steps} | {present})]

    def at(self, value: float) -> Found:
        """What one value gives."""
        found = self._events(value)
        told = Found(value, len(found), None if self._months is None else len(found) / self._months)
        if not self._anomalies:
            return told
        right, caught = touching(found, self._anomalies), touching(self._anomalies, found)
        precision = right / len(found) if found else None
        return Found(told.value, told.events, told.per_month, caught, right, precision, caught / len(self._anomalies))

    def target(self, events: float, curve: Sequence[Found]) -> Found:
        """The smallest value from which on no more than so many events are found; `curve` is that of this object."""
        enough = len(curve)
        while enough and curve[enough - 1].events <= events:
            enough -= 1
        if enough == 0:
            return curve[0]
        best = curve[enough] if enough < len(curve) else self.at(self._most)
        low, high = curve[enough - 1].value, best.value
        for _ in range(HALVINGS):
            middle = round_up((low + high) / 2)
            if not low < middle < high:
                break
            found = self.at(middle)
            if found.events <= events:
                best, high = found, middle
            else:
                low = middle
        return best

    def per_month(self, events: float) -> float | None:
        """So many events a month as events of this series; None where it has no times. Rounded, so that 3 a month are
        9 in a quarter, and not a little less."""
        return None if self._months is None else round(events * self._months, 9)

    def _events(self, value: float) -> list[Stretch]:
        return rethreshold(self._detector, self._kept, {self.name: value}).stretches

    def _first_without_events(self) -> float:
        """About the smallest value that finds nothing; the largest there is where each finds something."""
        low, high = self._least, self._least * 2
        while high < self._most and self._any(high):
            low, high = high, high * 2
        high = min(high, self._most)
        for _ in range(5):
            middle = (low + high) / 2
            low, high = (middle, high) if self._any(middle) else (low, middle)
        return round_up(high)

    def _any(self, value: float) -> bool:
        anomalies: Bools = rethreshold(self._detector, self._kept, {self.name: value}).is_anomaly
        return bool(anomalies.any())


def months(series: Series) -> float | None:
    """The length of a series in months, the last step included; None where it has no times or no length."""
    if series.times is None or len(series) < 2:
        return None
    span = int((series.times[-1] - series.times[0]).astype(np.int64)) + (series.step_ms or 0)
    return span / MONTH_MS


def touching(some: Sequence[Stretch], others: Sequence[Stretch]) -> int:
    """How many of `some` stretches share a point with one of the `others`.

    >>> touching([(0, 3), (5, 6)], [(2, 4)])
    1
    """
    if not others:
        return 0
    ends: Any = np.array(sorted(others))
    farthest = np.maximum.accumulate(ends[:, 1])  # others may overlap
    before = np.searchsorted(ends[:, 0], [stop for _, stop in some])  # how many begin before each ends
    return sum(
        int(count) > 0 and int(farthest[count - 1]) > start for (start, _), count in zip(some, before, strict=True)
    )


def round_up(value: float) -> float:
    """At least the value, with three digits: what a slider shows is what is judged by.

    >>> round_up(4.5678), round_up(4.57), round_up(123.4)
    (4.57, 4.57, 124.0)
    """
    digit = 10.0 ** (np.floor(np.log10(value)) - 2)
    return float(f"{np.ceil(round(value / digit, 9)) * digit:.10g}")
