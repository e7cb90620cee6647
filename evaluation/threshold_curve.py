"""The threshold curve: how many events each sigma would give, and their precision and recall by the labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from anomaly_detection import Detection, Detector, parameters_of
from evaluation.rethresholding import rethreshold
from events.filter import Interval
from timeseries import Bools, Series

MONTH_MS = 2_629_746_000
"""A twelfth of the Gregorian year, ms."""
CURVE_POINTS = 30
MIN_SIGMA = 1.5
"""Smallest sigma of a curve: below it noise is flagged."""
BISECTIONS = 12
"""Halvings of the interval in which a target lies: to 1/4096 of it, finer than the three digits of a value."""


@dataclass(frozen=True)
class CurvePoint:
    """The events that one value of the parameter gives.

    value           of the parameter, mostly sigma
    events          how many
    per_month       events ÷ months; None where the series has no times or no length
    detected        labelled anomalies that an event overlaps; None without labels
    true_positives  events that overlap a labelled anomaly; None without labels
    precision       true_positives ÷ events; None without labels, or without events
    recall          detected ÷ labelled anomalies; None without labels
    """

    value: float
    events: int
    per_month: float | None
    detected: int | None = None
    true_positives: int | None = None
    precision: float | None = None
    recall: float | None = None


class ThresholdCurve:
    """How many events a detection would have with other values of the detector's sigma, or threshold.

    `anomalies` are the intervals that people labelled. Where there is one, every other point counts as normal, so
    precision is that of somebody who labelled all anomalies.
    """

    def __init__(self, detector: type[Detector], detection: Detection, anomalies: Sequence[Interval] = ()) -> None:
        self._detector = detector
        self._detection = detection
        self._anomalies = anomalies
        self.name = next(name for name in detector.adjustable_params if name != "merge_gap")
        param = parameters_of(detector)[self.name]
        self._minimum = float(param.minimum)
        self._maximum = float(param.maximum)
        self._months = months(detection.series)

    def curve(self) -> list[CurvePoint]:
        """At most CURVE_POINTS values, from many events to none, and the present value; rising values."""
        highest = self._first_without_events()
        lowest = min(max(MIN_SIGMA, self._minimum), highest / 2)
        values = {round_up(value) for value in np.geomspace(max(lowest, self._minimum), highest, CURVE_POINTS).tolist()}
        present = float(self._detection.params[self.name])
        return [self.at(value) for value in sorted({min(value, self._maximum) for value in values} | {present})]

    def at(self, value: float) -> CurvePoint:
        """The events that one value gives."""
        events = self._events(value)
        per_month = None if self._months is None else len(events) / self._months
        if not self._anomalies:
            return CurvePoint(value, len(events), per_month)
        true_positives = count_overlapping(events, self._anomalies)
        detected = count_overlapping(self._anomalies, events)
        return CurvePoint(
            value,
            len(events),
            per_month,
            detected,
            true_positives,
            precision=true_positives / len(events) if events else None,
            recall=detected / len(self._anomalies),
        )

    def target(self, max_events: float, curve: Sequence[CurvePoint]) -> CurvePoint:
        """The smallest value from which on there are at most `max_events`; `curve` is that of this object."""
        first = len(curve)
        while first and curve[first - 1].events <= max_events:
            first -= 1
        if first == 0:
            return curve[0]
        best = curve[first] if first < len(curve) else self.at(self._maximum)
        low = curve[first - 1].value
        high = best.value
        for _ in range(BISECTIONS):
            middle = round_up((low + high) / 2)
            if not low < middle < high:
                break
            point = self.at(middle)
            if point.events <= max_events:
                best = point
                high = middle
            else:
                low = middle
        return best

    def events_in_series(self, per_month: float) -> float | None:
        """events ÷ month · months of the series; None where it has no times.

        Rounded, so that 3 a month are 9 in a quarter, and not a little less.
        """
        return None if self._months is None else round(per_month * self._months, 9)

    def _events(self, value: float) -> list[Interval]:
        return rethreshold(self._detector, self._detection, {self.name: value}).intervals

    def _first_without_events(self) -> float:
        """About the smallest value without events; the maximum where each value has some."""
        low = self._minimum
        high = self._minimum * 2
        while high < self._maximum and self._has_events(high):
            low = high
            high *= 2
        high = min(high, self._maximum)
        for _ in range(5):
            middle = (low + high) / 2
            if self._has_events(middle):
                low = middle
            else:
                high = middle
        return round_up(high)

    def _has_events(self, value: float) -> bool:
        is_anomaly: Bools = rethreshold(self._detector, self._detection, {self.name: value}).is_anomaly
        return bool(is_anomaly.any())


def months(series: Series) -> float | None:
    """The length of a series in months, its last step included; None where it has no times or no length."""
    if series.times is None or len(series) < 2:
        return None
    length_ms = int((series.times[-1] - series.times[0]).astype(np.int64)) + (series.step_ms or 0)
    return length_ms / MONTH_MS


def count_overlapping(intervals: Sequence[Interval], others: Sequence[Interval]) -> int:
    """How many of the half-open `intervals` share a point with one of the `others`.

    >>> count_overlapping([(0, 3), (5, 6)], [(2, 4)])
    1
    """
    if not others:
        return 0
    ordered: Any = np.array(sorted(others))
    last_stop = np.maximum.accumulate(ordered[:, 1])  # others may overlap
    begun = np.searchsorted(ordered[:, 0], [stop for _, stop in intervals])  # how many begin before each ends
    return sum(
        int(count) > 0 and int(last_stop[count - 1]) > start for (start, _), count in zip(intervals, begun, strict=True)
    )


def round_up(value: float) -> float:
    """At least the value, with three digits: the value a slider shows is the value in effect.

    >>> round_up(4.5678), round_up(4.57), round_up(123.4)
    (4.57, 4.57, 124.0)
    """
    digit = 10.0 ** (np.floor(np.log10(value)) - 2)
    return float(f"{np.ceil(round(value / digit, 9)) * digit:.10g}")
