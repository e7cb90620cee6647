"""Detectability: which sizes of known faults a detector detects when they are injected into copies of a series.

The detector is fitted once, on the unmodified series, as it would be in production. Fitting it again on each copy would
teach it a dozen faults at once, which no real series contains. Several faults share a copy, at such distances that no
window of the detector contains two of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import Detection, Detector, ProgressCallback, no_progress
from evaluation.detectability_report import (
    DEFAULT_CYCLE,
    Detectability,
    FaultDetectability,
    FirstDetection,
    Reason,
    SizeResult,
    SizeUnit,
)
from evaluation.fault_injection import inject_fault
from timeseries import Bools, Floats, Series
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.robust import mad_std, q5_q95_std
from timeseries.scaling import min_scale, times_unit, unit_of
from timeseries.seasonality import find_period, lagged

MAX_FIT_POINTS = 20_000
"""Points that the detector is fitted on, at most: the last ones."""
COPY_POINTS = 4_096
"""Points of a copy: the last ones; twice the detector's memory where that is more."""
MAX_SCORED_POINTS = 400_000
"""Points of all copies together at which no more are made, but for MIN_COPIES."""
MIN_COPIES = 8
TRIALS = 10
"""How often each size of each fault is injected, as far as there are places."""
MAX_DISTANCE = 512
"""Points between two faults of a copy, or the detector's memory where that is less: the longest scorer window."""
MIN_FAULT_POINTS = 5
"""Length of a fault that lasts, at least."""
MAX_FAULT_SHARE = 1 / 6
"""Largest share of a copy that one fault may take."""
MAX_MISSING_SHARE = 0.1
"""Largest share of missing values in the interval of a fault."""
MIN_NOISE = 0.01
"""Smallest noise, in units of the series' scale: a fault below it would not be visible in a chart either."""


@dataclass(frozen=True)
class SizeGrid:
    """The sizes tried of a fault, smallest first, and how many cycles the fault lasts; 0: one point."""

    unit: SizeUnit
    sizes: tuple[float, ...]
    cycles: float = 1.0

    def points(self, size: float, cycle: int) -> int:
        """How many points a fault of this size lasts; `cycle` in points."""
        if not self.cycles:
            return 1
        cycles = size if self.unit is SizeUnit.CYCLES else self.cycles
        return max(round(cycles * cycle), MIN_FAULT_POINTS)


SIZE_GRIDS = {
    "spike": SizeGrid(SizeUnit.NOISE, (3, 5, 8, 12, 20, 30), 0),
    "dip": SizeGrid(SizeUnit.NOISE, (3, 5, 8, 12, 20, 30), 0),
    "level_shift": SizeGrid(SizeUnit.CHANGE, (1, 2, 3, 5, 8, 12)),
    "drift": SizeGrid(SizeUnit.CHANGE, (1, 2, 3, 5, 8, 12)),
    "changed_amplitude": SizeGrid(SizeUnit.AMPLITUDE, (1.25, 1.5, 2, 3, 5)),
    "changed_frequency": SizeGrid(SizeUnit.SPEED, (1.25, 1.5, 2, 3)),
    "flat_line": SizeGrid(SizeUnit.CYCLES, (0.25, 0.5, 1, 2)),
    "noise_burst": SizeGrid(SizeUnit.NOISE, (2, 3, 5, 8, 12), 0.5),
    "missing_cycle": SizeGrid(SizeUnit.CYCLES, (1, 2, 3)),
}
"""By the name of each fault of `fault_injection.FAULTS`."""
SEASONAL_FAULTS = ("changed_frequency", "missing_cycle")
"""Faults of a cycle: not tried in a series without a period."""


@dataclass(frozen=True)
class Baseline:
    """The normal variation of a series, in its unit.

    noise   typical noise between neighbouring points
    change  typical change within a cycle
    scale   q5_q95_std of the values
    period  in points of the regular grid, or None
    """

    noise: float
    change: float
    scale: float
    period: int | None

    @property
    def cycle(self) -> int:
        """Points of a cycle, or of what stands for one."""
        return self.period or DEFAULT_CYCLE

    @classmethod
    def of(cls, series: Series) -> "Baseline | None":
        """Measure a series; None where its values do not change.

        With the seasonal difference d(t) = x(t) - x(t - period), the change is mad_std(d) ÷ √2 and the noise
        mad_std(d(t) - d(t - 1)) ÷ 2. Without a period the change is that over DEFAULT_CYCLE points, and the noise
        mad_std(x(t) - x(t - 1)) ÷ √2.
        """
        known = series.values[np.isfinite(series.values)]
        if known.size < 2 or float(np.ptp(known)) <= 2 * min_scale(known):
            return None
        grid = RegularGrid.learn(series)
        scale = q5_q95_std(series.values)
        regular = place_in_cells(series.values, grid.cells(series, len(series), 1)[0])
        period = find_period(regular, grid.step_ms)
        change = regular - lagged(regular, period or DEFAULT_CYCLE)
        deseasonalized = change if period else regular
        noise = mad_std(deseasonalized - lagged(deseasonalized, 1)) / (2.0 if period else np.sqrt(2.0))
        noise = max(noise, MIN_NOISE * scale)
        return cls(noise, max(mad_std(change) / np.sqrt(2.0), noise), scale, period)

    def distance(self, unit: SizeUnit, size: float) -> float | None:
        """A size in the series' unit; None where it is no distance."""
        if unit is SizeUnit.NOISE:
            return size * self.noise
        if unit is SizeUnit.CHANGE:
            return size * self.change
        return None


@dataclass(frozen=True)
class Trial:
    """One fault of one size, and its length in points."""

    fault: str
    size: float
    points: int

    @property
    def tolerance(self) -> int:
        """Points after the fault in which it still counts as detected: as many as it lasts, at least two."""
        return min(max(self.points, 2), MAX_DISTANCE)

    def values(self, series: Series, position: int, baseline: Baseline, seed: int) -> Floats:
        """(points,) the values of the series from a position on, with the fault."""
        unit = SIZE_GRIDS[self.fault].unit
        distance = baseline.distance(unit, self.size)
        if unit in (SizeUnit.AMPLITUDE, SizeUnit.SPEED):
            size = self.size - 1
        elif distance is None:
            size = 1.0
        else:
            size = distance / baseline.scale
        faulty = inject_fault(series, self.fault, position, self.points, size, seed)
        return faulty.values[position : position + self.points]


class QuietPlaces:
    """Where faults can be injected: intervals that are scored, not flagged and not excluded."""

    def __init__(self, detection: Detection, excluded: Bools | None) -> None:
        missing = np.isnan(detection.series.values)
        self.scored = np.isfinite(detection.score)
        unusable = ~(self.scored | missing) | detection.is_anomaly
        self._unusable = _prefix_sums(unusable if excluded is None else unusable | excluded)
        self._missing = _prefix_sums(missing)
        self._known = ~missing
        self._positions: dict[tuple[int, int], NDArray[np.int64]] = {}

    def __len__(self) -> int:
        """Points of the series."""
        return len(self._known)

    def positions(self, trial: Trial) -> NDArray[np.int64]:
        """Every position at which the fault may begin, in order."""
        key = trial.points, trial.tolerance
        if key not in self._positions:
            self._positions[key] = self._find(*key)
        return self._positions[key]

    def _find(self, points: int, tolerance: int) -> NDArray[np.int64]:
        """One point before the fault and `tolerance` points after it are quiet too; its first point has a value."""
        first: NDArray[np.int64] = np.arange(1, max(len(self) - points - tolerance + 1, 1))
        if not first.size:
            return first
        quiet = self._unusable[first + points + tolerance] == self._unusable[first - 1]
        missing = self._missing[first + points] - self._missing[first]
        positions: NDArray[np.int64] = first[quiet & (missing <= MAX_MISSING_SHARE * points) & self._known[first]]
        return positions


def _prefix_sums(flags: Bools) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(flags)))


def measure_detectability(
    series: Series,
    detector: type[Detector],
    params: Mapping[str, Any],
    *,
    online: bool = False,
    excluded: Bools | None = None,
    seed: int = 0,
    progress: ProgressCallback = no_progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> Detectability:
    """Inject every fault of SIZE_GRIDS, and count how often the detector detects each size.

    online       score by earlier points only, as in a stream; else by `Detector.detect_offline`
    excluded     (n,) true where nothing is injected nor learned, such as points labelled anomalous
    should_stop  called often; once it returns True, the report covers the copies scored by then

    A fault is detected where a point of it, or of the `Trial.tolerance` points after it, is flagged that is not flagged
    in the unmodified series. Same arguments, same report, but for a stop that comes earlier.
    Raises BadParameter or UnknownName for bad parameters, and what `progress` raises.
    """
    start = max(len(series) - MAX_FIT_POINTS, 0)
    series = series.slice(start, len(series))
    excluded = None if excluded is None else excluded[start:]
    masked = series if excluded is None else Series(series.times, np.where(excluded, np.nan, series.values))
    try:
        fitted = detector.fit(masked, progress=_stopping(should_stop, progress, "fit"), **params)
        progress("detect", 0.0)
        first = max(len(series) - max(COPY_POINTS, 2 * fitted.memory), 0)
        tail = series.slice(first, len(series))
        unit = unit_of(tail.values)
        baseline = Baseline.of(Series(tail.times, tail.values / unit))
        if baseline is None:
            return Detectability((), len(tail), 0, 0.0, 0.0, None, (Reason.CONSTANT,))
        score = fitted.detect if online else fitted.detect_offline
        unmodified = score(tail, progress=_stopping(should_stop))
    except _Stopped:
        return Detectability((), len(series), 0, 0.0, 0.0, None, (Reason.TOO_SLOW,))
    places = QuietPlaces(unmodified, None if excluded is None else excluded[first:])
    copies = Copies(tail, unit, baseline, places, unmodified.is_anomaly, min(fitted.memory, MAX_DISTANCE), seed)
    copies.score_all(score, progress, should_stop)
    return copies.report()


class _Stopped(Exception):
    """`should_stop` returned True."""


def _stopping(
    should_stop: Callable[[], bool], progress: ProgressCallback = no_progress, stage: str = ""
) -> ProgressCallback:
    """A progress callback that reports a stage, and raises _Stopped where it should stop."""

    def report(_: str, fraction: float) -> None:
        progress(stage, fraction)
        if should_stop():
            raise _Stopped

    return report


@dataclass
class Copies:
    """Copies of a series with injected faults, and what a detector flags in them.

    series     the unmodified one; `unit`: divides its values, so that no fault overflows
    baseline   of values ÷ unit
    flagged    (n,) what the detector flags in the unmodified series
    distance   points between two faults of a copy
    copies     how many were scored
    truncated  whether scoring stopped early
    """

    series: Series
    unit: float
    baseline: Baseline
    places: QuietPlaces
    flagged: Bools
    distance: int
    seed: int
    copies: int = field(default=0, init=False)
    truncated: bool = field(default=False, init=False)

    @cached_property
    def detections(self) -> dict[Trial, list[FirstDetection]]:
        """The result of each injected fault, by trial; a trial without a place is left out."""
        possible = trials(self.baseline, MAX_FAULT_SHARE * len(self.series))
        return {trial: [] for trial in possible if self.places.positions(trial).size}

    def score_all(
        self, score: Callable[..., Detection], progress: ProgressCallback, should_stop: Callable[[], bool]
    ) -> None:
        """Fill and score copy after copy, until every fault is injected or it should stop."""
        for faults, done in fill_copies(list(self.detections), self.places, self.distance, self.seed):
            progress("detect", done)
            values = inject_faults(self.series, self.unit, faults, self.baseline, self.seed)
            try:
                detection = score(Series(self.series.times, values), progress=_stopping(should_stop))
            except _Stopped:
                self.truncated = True
                break
            self.copies += 1
            flagged = detection.is_anomaly & ~self.flagged
            for position, trial in faults:
                self.detections[trial].append(first_detection(self.series, flagged, position, trial))
        progress("detect", 1.0)

    def report(self) -> Detectability:
        """The results by fault and size, in the series' unit."""
        faults = []
        for name, grid in SIZE_GRIDS.items():
            sizes = [
                SizeResult.of(trial.size, self._distance(grid.unit, trial.size), trial.points, detections)
                for trial, detections in self.detections.items()
                if trial.fault == name and detections
            ]
            if sizes:
                faults.append(FaultDetectability(name, grid.unit, tuple(sizes)))
        return Detectability(
            faults=tuple(faults),
            points=len(self.series),
            copies=self.copies,
            noise=self._in_unit(self.baseline.noise),
            typical_change=self._in_unit(self.baseline.change),
            period=self.baseline.period,
            reasons=self._reasons(),
            requested=TRIALS * len(self.detections),
        )

    def _distance(self, unit: SizeUnit, size: float) -> float | None:
        distance = self.baseline.distance(unit, size)
        return None if distance is None else self._in_unit(distance)

    def _in_unit(self, value: float) -> float:
        return float(times_unit(np.array(value), self.unit))

    def _reasons(self) -> tuple[Reason, ...]:
        injected = sum(map(len, self.detections.values()))
        if self.truncated and not injected:
            return (Reason.TOO_SLOW,)
        if not self.places.scored.any():
            return (Reason.NOT_SCORED,)
        if not injected:
            return (Reason.NO_QUIET_PLACE,)
        reasons = [Reason.TRUNCATED] if self.truncated else []
        if not self.baseline.period:
            reasons.append(Reason.NO_PERIOD)
        is_complete = self.truncated or all(self.detections.values())
        if len(self.detections) < len(trials(self.baseline)) or not is_complete:
            reasons.append(Reason.TOO_LONG)
        return tuple(reasons)


def trials(baseline: Baseline, max_points: float = np.inf) -> list[Trial]:
    """Every fault in every size that lasts at most `max_points`; each length of a fault in cycles once."""
    every = [
        Trial(name, size, grid.points(size, baseline.cycle))
        for name, grid in SIZE_GRIDS.items()
        for size in grid.sizes
        if baseline.period or name not in SEASONAL_FAULTS
    ]
    distinct = {
        (trial.fault, trial.points if SIZE_GRIDS[trial.fault].unit is SizeUnit.CYCLES else trial.size): trial
        for trial in every
    }
    return [trial for trial in distinct.values() if trial.points <= max_points]


def fill_copies(
    wanted: list[Trial], places: QuietPlaces, distance: int, seed: int
) -> Iterator[tuple[list[tuple[int, Trial]], float]]:
    """For each copy the faults with their positions, and the share of the work done before it.

    Each trial comes TRIALS times, in an order and at positions that depend on the seed only.
    """
    rng = np.random.default_rng([seed, len(places)])
    queue = [wanted[k] for _ in range(TRIALS) for k in rng.permutation(len(wanted))]
    max_copies = max(MAX_SCORED_POINTS // max(len(places), 1), MIN_COPIES)
    copies = 0
    total = len(queue)
    while queue and copies < max_copies:
        faults, queue = fill_copy(queue, places, distance, rng)
        if faults:
            yield faults, max(1 - (len(queue) + len(faults)) / total, copies / max_copies)
        copies += 1


def fill_copy(
    queue: list[Trial], places: QuietPlaces, distance: int, rng: np.random.Generator
) -> tuple[list[tuple[int, Trial]], list[Trial]]:
    """The faults of one copy with their positions, from its start to its end, and the rest of the queue."""
    free_from = int(rng.integers(0, max(distance, 1) + 1))
    faults = []
    skipped = []
    for k, trial in enumerate(queue):
        positions = places.positions(trial)
        first = int(np.searchsorted(positions, free_from))
        if first < len(positions):
            position = int(positions[min(first + int(rng.integers(0, MIN_FAULT_POINTS)), len(positions) - 1)])
            faults.append((position, trial))
            free_from = position + trial.points + max(distance, trial.tolerance) + 1
        else:
            skipped.append(trial)
        if free_from >= len(places) or len(skipped) > TRIALS:
            return faults, skipped + queue[k + 1 :]
    return faults, skipped


def inject_faults(
    series: Series, unit: float, faults: list[tuple[int, Trial]], baseline: Baseline, seed: int
) -> Floats:
    """(n,) the values with these faults; each is computed from the unmodified series."""
    scaled = Series(None, series.values / unit)
    values = scaled.values.copy()
    for position, trial in faults:
        values[position : position + trial.points] = trial.values(scaled, position, baseline, seed)
    return times_unit(values, unit)


def first_detection(series: Series, flagged: Bools, position: int, trial: Trial) -> FirstDetection:
    """The delay until a fault is flagged."""
    hits = np.flatnonzero(flagged[position : position + trial.points + trial.tolerance])
    if not hits.size:
        return FirstDetection(None)
    points = int(hits[0])
    if series.times is None:
        return FirstDetection(points)
    delay = series.times[position + points] - series.times[position]
    return FirstDetection(points, int(delay.astype(np.int64)))
