"""Judging by windows: a point is anomalous where the window ending at it lies further from the usual ones than most."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np

from anomaly_detection import Detection, Detector, Progress, no_progress, unit_of
from detectors.forecast_residual import repeats
from grid import Grid, spread_out
from period import find_periods
from series import Floats, Series

ROUNDS = 50
"""Most times that a threshold is set again without what lay beyond the one before."""
STRETCH, STRETCHES = 128, 64
"""Fewest points of, and most of, the stretches whose highest distances are looked at."""
DEFAULT_SIGMA = 5.0
LEAST = 1e-9
"""The smallest threshold: where all windows are equal, their distances are 0."""


class View(Protocol):
    """What a window-distance detector has learned."""

    @property
    def memory(self) -> int:
        """Points before the one that is judged."""

    @property
    def notes(self) -> Sequence[str]:
        """What was learned, in sentences."""

    def distances(self, values: Floats, report: Callable[[float], None]) -> Floats:
        """(n,) >= 0, of the window ending at each point of values (n,); NaN where it cannot tell."""

    def state(self) -> dict[str, Any]:
        """Everything learned."""


class WindowDistance(Detector):
    """score = distance of the window that ends at the point; threshold = mean + sigma · std of the usual distances.

    There is no expected value: an event's direction is its shape. Unit of the score: the view's own.
    """

    def __init__(
        self, view: View, grid: Grid, unit: float, period: int | None, threshold: float, params: Mapping[str, Any]
    ) -> None:
        self.view, self.grid, self.unit, self.period = view, grid, unit, period
        self.threshold, self.params = threshold, params
        self.memory = view.memory

    @classmethod
    def learn(
        cls,
        series: Series,
        view: Callable[[Floats, tuple[int, ...]], View],
        params: Mapping[str, Any],
        progress: Progress,
    ) -> Self:
        """Learns the view of the values in their cells and the periods found, then the threshold from its distances."""
        progress("fit", 0.0)
        grid, unit = Grid.learn(series), unit_of(series.values)
        cells, _ = grid.cells(series, len(series), 1)
        values = spread_out(series.values / unit, cells)
        periods = find_periods(values, grid.step_ms)
        learned = view(values, periods)
        progress("fit", 0.3)
        found = cls(learned, grid, unit, next(iter(periods), None), 1.0, params)
        distances = found._distances(series, lambda fraction: progress("fit", 0.3 + 0.7 * fraction))
        found.threshold = usual_threshold(distances, params["sigma"])
        return found

    def detect(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect."""
        progress("detect", 0.0)
        score = self._distances(series, lambda fraction: progress("detect", fraction))
        nowhere = np.full(len(series), np.nan)
        notes = (repeats(self.period), *self.view.notes)
        gap = int(self.params["gap"])
        return Detection(series, nowhere, nowhere, score, self.threshold, self.params, gap, self.period, notes)

    def _distances(self, series: Series, report: Callable[[float], None]) -> Floats:
        cells, _ = self.grid.cells(series, self.memory, 1)
        distances = self.view.distances(spread_out(series.values / self.unit, cells), report)[cells]
        return np.where(np.isnan(series.values), np.nan, distances)

    def state(self) -> dict[str, Any]:
        """See Detector.state."""
        known = {name: getattr(self, name) for name in ("unit", "period", "threshold")}
        return {**known, "view": self.view.state(), "grid": self.grid.state(), "params": dict(self.params)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """See Detector.from_state."""
        grid, view = Grid.from_state(state["grid"]), cls.view_from_state(state["view"])
        return cls(view, grid, state["unit"], state["period"], state["threshold"], state["params"])

    @staticmethod
    @abstractmethod
    def view_from_state(state: Mapping[str, Any]) -> View:
        """The view that gave this state."""


def usual_threshold(distances: Floats, sigma: float) -> float:
    """The larger of `clipped_threshold` and of the same rule on the highest distances of stretches of the series.

    What happens in most stretches is usual, however far it lies from the rest: an irregular heartbeat has odd windows
    all the time. The stretches, STRETCH points or more and at most STRETCHES of them, stand in the order of time; their
    median and third quartile take the place of mean and standard deviation. Always above 0; distances may be NaN.
    """
    known = distances[np.isfinite(distances)]
    if not known.size:
        return 1.0
    starts = np.arange(0, len(known), max(STRETCH, len(known) // STRETCHES))
    middle, high = np.quantile(np.maximum.reduceat(known, starts), [0.5, 0.75]).tolist()
    threshold = max(clipped_threshold(known, sigma), middle + sigma * (high - middle) / 0.6745)
    return float(max(threshold * (1 + 1e-9), LEAST))  # never exactly a distance


def clipped_threshold(known: Floats, sigma: float) -> float:
    """mean + sigma · std of the distances that lie below it ("sigma clipping").

    One spike is in as many windows as a window has points, and would hide itself and others in a plain mean and
    deviation. The first threshold is median + sigma · (ninth decile − median) ÷ 1.2816, which for normal noise is the
    standard deviation; each next one is set from what lies below the one before, until nothing changes, and may rise
    again. Up to a tenth of the windows may be odd.
    """
    middle, high = np.quantile(known, [0.5, 0.9]).tolist()
    threshold = middle + sigma * (high - middle) / 1.2816
    for _ in range(ROUNDS):
        within = known[known <= threshold]
        latest = float(np.mean(within) + sigma * np.std(within))
        if latest == threshold:
            break
        threshold = latest
    return float(threshold)
