"""Builds the events of a detection from its columns: peak, direction, severity, top scorers and context."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from events.attribution import direction_of, side_of, top_scorers
from events.context import Context, EventContext
from events.event import Direction, Event
from events.scorer import ScorerId
from timeseries import Bools, Floats, Series


@dataclass(frozen=True, eq=False)
class EventBuilder:
    """The columns of a detection, see `anomaly_detection.Detection`. Without `context`, events get none."""

    series: Series
    expected: Floats
    margin: Floats
    score: Floats
    is_anomaly: Bools
    threshold: float
    scorer_scores: Mapping[ScorerId, Floats | Bools]
    context: EventContext | None

    def build(self, start: int, stop: int) -> Event:
        """The event at the half-open positions start to stop; the points at both ends are anomalies."""
        anomalies = start + np.flatnonzero(self.is_anomaly[start:stop])
        highest = int(anomalies[np.argmax(self.score[anomalies])])
        direction, peak = self._direction_and_peak(anomalies, highest)
        scorers = top_scorers(self.scorer_scores, anomalies, highest) if self.scorer_scores else []
        return Event(
            start=start,
            stop=stop,
            peak=peak,
            direction=direction,
            severity=min(float(self.score[highest]) / self.threshold, float(np.finfo(np.float64).max)),
            value=float(self.series.values[peak]),
            expected=float(self.expected[peak]),
            anomalies=len(anomalies),
            start_time=self._epoch_ms(start),
            stop_time=self._epoch_ms(stop - 1),
            peak_time=self._epoch_ms(peak),
            top_scorer=scorers[0].name if scorers else None,
            window=scorers[0].window if scorers else None,
            other_scorers=tuple(scorers[1:]),
            context=self._describe(peak, direction),
        )

    def _epoch_ms(self, position: int) -> int | None:
        times = self.series.times
        return None if times is None else int(times[position].astype(np.int64))

    def _direction_and_peak(self, anomalies: NDArray[np.intp], highest: int) -> tuple[Direction, int]:
        """Direction and peak of an event with `anomalies` (k,), of which the one at `highest` has the highest score.

        A combined score can be high although no value deviates. If the anomalies lie on one side of the expected
        values, the peak is the point furthest from them; otherwise it is the point with the highest score.
        """
        values, expected = self.series.values, self.expected
        if not self.scorer_scores:
            return direction_of(values[highest], expected[highest]), highest
        with np.errstate(over="ignore", invalid="ignore"):
            direction, furthest = side_of((values[anomalies] - expected[anomalies]) / self.margin[anomalies])
        return direction, highest if furthest is None else int(anomalies[furthest])

    def _describe(self, peak: int, direction: Direction) -> Context | None:
        if self.context is None:
            return None
        expected, margin = float(self.expected[peak]), float(self.margin[peak])
        outside = abs(float(self.series.values[peak]) - expected) > margin
        beside = direction if outside or not self.scorer_scores else "shape"
        return self.context.describe(peak, beside, expected, margin)
