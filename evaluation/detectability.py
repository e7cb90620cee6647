"""What would be caught here: known faults planted into copies of a series' own quiet stretches, and judged there.

The detector is fitted once, on the series as it is, as one is that waits for the next fault. Fitting it again with each
copy would teach it a dozen faults at once, which no real series holds. Several faults share a copy; no window of a
detector sees two of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import Detection, Detector, Progress, no_progress
from evaluation.detectability_report import (
    NO_CYCLE,
    Detectability,
    FaultDetectability,
    FirstDetection,
    SizeResult,
    SizeUnit,
)
from evaluation.fault_injection import plant, robust_deviation
from timeseries import Bools, Floats, Series
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.scaling import min_scale, times_unit, unit_of
from timeseries.seasonality import find_period, lagged

FITTED = 20_000
"""Most points that the detector learns from: the last ones."""
LOOKED = 4_096
"""Points of a copy: the last ones; twice the detector's memory where that is more."""
JUDGED = 400_000
"""Points of all copies together at which no more are made, unless that would be fewer than FEWEST copies."""
FEWEST = 8
TRIALS = 10
"""Times that each size of each fault is planted, as far as there is room."""
SPAN = 512
"""Points between two faults of a copy, or the detector's memory where that is shorter: the longest windows of views."""
SHORTEST = 5
"""Points of a fault that lasts."""
LONGEST = 1 / 6
"""Share of a copy that one fault may take."""
MISSING = 0.1
"""Largest share of a stretch's values that may be missing."""
CONSTANT = "The values do not change: there is nothing to plant into."
TOO_SLOW = "This detector takes too long with these parameters to be tried here: nothing was planted."
LEAST = 0.01
"""The least noise believed, in spreads of the series: a fault below it could not be seen in a chart either."""


@dataclass(frozen=True)
class SizeGrid:
    """What is tried of a fault: sizes, smallest first, and how many cycles it lasts; 0 for one point."""

    of: SizeUnit
    sizes: tuple[float, ...]
    cycles: float = 1.0

    def points(self, size: float, cycle: int) -> int:
        """How many points a fault of this size lasts."""
        if not self.cycles:
            return 1
        return max(round((size if self.of is SizeUnit.CYCLES else self.cycles) * cycle), SHORTEST)


LADDERS = {
    "spike": SizeGrid(SizeUnit.NOISE, (3, 5, 8, 12, 20, 30), 0),
    "dip": SizeGrid(SizeUnit.NOISE, (3, 5, 8, 12, 20, 30), 0),
    "level_shift": SizeGrid(SizeUnit.CHANGE, (1, 2, 3, 5, 8, 12)),
    "drift": SizeGrid(SizeUnit.CHANGE, (1, 2, 3, 5, 8, 12)),
    "changed_amplitude": SizeGrid(SizeUnit.SWING, (1.25, 1.5, 2, 3, 5)),
    "changed_frequency": SizeGrid(SizeUnit.SPEED, (1.25, 1.5, 2, 3)),
    "flat_line": SizeGrid(SizeUnit.CYCLES, (0.25, 0.5, 1, 2)),
    "noise_burst": SizeGrid(SizeUnit.NOISE, (2, 3, 5, 8, 12), 0.5),
    "missing_cycle": SizeGrid(SizeUnit.CYCLES, (1, 2, 3)),
}
"""The faults of `faults.ANOMALIES`, each with what is tried of it."""
CYCLIC = ("changed_frequency", "missing_cycle")
"""Faults of a cycle: not tried where there is none."""


@dataclass(frozen=True)
class Baseline:
    """What a series does by itself: how far neighbours scatter, how far it moves within a cycle, its whole spread."""

    noise: float
    change: float
    spread: float
    period: int | None

    @property
    def cycle(self) -> int:
        """Points of a cycle, or of what stands for one."""
        return self.period or NO_CYCLE

    @classmethod
    def of(cls, series: Series) -> "Baseline | None":
        """None for a series that does not change. The period is in points of a full series.

        Both are median distances · 1.4826, the standard deviation where they are Gaussian: of the same phase one cycle
        on, and of that between neighbours. The season is in neither.
        """
        known = series.values[np.isfinite(series.values)]
        if known.size < 2 or float(np.ptp(known)) <= 2 * min_scale(known):
            return None
        grid, spread = RegularGrid.learn(series), robust_deviation(series.values)
        even = place_in_cells(series.values, grid.cells(series, len(series), 1)[0])
        period = find_period(even, grid.step_ms)
        on = even - lagged(even, period or NO_CYCLE)
        across = on if period else even
        noise = _deviation(across - lagged(across, 1)) / (2.0 if period else np.sqrt(2.0))
        noise = max(noise, LEAST * spread)
        return cls(noise, max(_deviation(on) / np.sqrt(2.0), noise), spread, period)

    def change_of(self, of: SizeUnit, size: float) -> float | None:
        """A size in the series' unit; None where it is no distance."""
        return (
            size * {SizeUnit.NOISE: self.noise, SizeUnit.CHANGE: self.change}[of]
            if of in (SizeUnit.NOISE, SizeUnit.CHANGE)
            else None
        )


def _deviation(distances: Floats) -> float:
    known = np.abs(distances[np.isfinite(distances)])
    return 1.4826 * float(np.median(known)) if known.size else 0.0


@dataclass(frozen=True)
class Trial:
    """One fault of one size, and what it lasts."""

    fault: str
    size: float
    points: int

    @property
    def late(self) -> int:
        """Points after the fault in which it still counts as caught: as many as it lasts, at least two."""
        return min(max(self.points, 2), SPAN)

    def planted(self, series: Series, at: int, usual: Baseline, seed: int) -> Floats:
        """(points,) what the fault makes of the series at a place."""
        of = LADDERS[self.fault].of
        change = usual.change_of(of, self.size)
        strength = (
            self.size - 1
            if of in (SizeUnit.SWING, SizeUnit.SPEED)
            else 1.0
            if change is None
            else change / usual.spread
        )
        return plant(series, self.fault, at, self.points, strength, seed).values[at : at + self.points]


class QuietPlaces:
    """Where a detection leaves room for faults: what is judged, not flagged and not to be avoided."""

    def __init__(self, plain: Detection, avoid: Bools | None) -> None:
        missing = np.isnan(plain.series.values)
        self.judged = np.isfinite(plain.score)
        taken = ~(self.judged | missing) | plain.is_anomaly
        self.taken = _sums(taken if avoid is None else taken | avoid)
        self.missing, self.known = _sums(missing), ~missing
        self.places: dict[tuple[int, int], NDArray[np.int64]] = {}

    def at(self, trial: Trial) -> NDArray[np.int64]:
        """Every position at which a fault may begin, in order."""
        key = trial.points, trial.late
        if key not in self.places:
            self.places[key] = self._at(*key)
        return self.places[key]

    def _at(self, points: int, late: int) -> NDArray[np.int64]:
        """A point before it and `late` ones after it are quiet too; the first has a value."""
        length = len(self.known)
        first = np.arange(1, max(length - points - late + 1, 1))
        quiet = self.taken[first + points + late] == self.taken[first - 1] if first.size else np.empty(0, bool)
        missing = self.missing[first + points] - self.missing[first] if first.size else quiet
        return first[quiet & (missing <= MISSING * points) & self.known[first]]


def _sums(flags: Bools) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(flags)))


def measure_detectability(
    series: Series,
    detector: type[Detector],
    params: Mapping[str, Any],
    *,
    live: bool = False,
    avoid: Bools | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
    enough: Callable[[], bool] = lambda: False,
) -> Detectability:
    """Plants every fault of LADDERS and says what a detector with these parameters catches of each size.

    live    judged by earlier points only, as a stream's points are; else as a file is (`Detector.detect_offline`)
    avoid   (n,) true where nothing may be planted, nor learned: points labelled anomalous, for one
    enough  asked again and again; once it says so the work ends, and the report is of the copies judged by then

    A fault is caught where a point of it, or of as many after it, is flagged that is not flagged without it. The same
    arguments give the same answer, of which less is there when it is enough sooner. Where not everything could be
    planted, `Catches.reason` says why.
    Raises BadParameter or UnknownName for bad parameters; what `progress` raises stops the work.
    """
    start = max(len(series) - FITTED, 0)
    series, avoid = series.slice(start, len(series)), None if avoid is None else avoid[start:]
    learned = series if avoid is None else Series(series.times, np.where(avoid, np.nan, series.values))
    try:
        fitted = detector.fit(learned, progress=ending("fit", progress, enough), **params)
        progress("detect", 0.0)
        first = max(len(series) - max(LOOKED, 2 * fitted.memory), 0)
        looked, avoid = series.slice(first, len(series)), None if avoid is None else avoid[first:]
        unit = unit_of(looked.values)
        usual = Baseline.of(Series(looked.times, looked.values / unit))
        if usual is None:
            return Detectability((), len(looked), 0, 0.0, 0.0, None, CONSTANT)
        made = Copies(looked, fitted, live, avoid, usual, unit, seed, ending("", no_progress, enough))
    except _Enough:
        return Detectability((), len(series), 0, 0.0, 0.0, None, TOO_SLOW)
    made.fill(progress)
    return made.told()


class _Enough(Exception):
    """No more time is to be spent."""


def ending(stage: str, progress: Progress, enough: Callable[[], bool]) -> Progress:
    """A progress that is told as this stage, and ends the work where it is enough."""

    def told(_: str, done: float) -> None:
        if stage:
            progress(stage, done)
        if enough():
            raise _Enough

    return told


class Copies:
    """The copies of a series, the faults planted into them, and what a detector flags there. Raises _Enough where the
    `pace` of the first judgement does."""

    def __init__(
        self,
        looked: Series,
        fitted: Detector,
        live: bool,
        avoid: Bools | None,
        usual: Baseline,
        unit: float,
        seed: int,
        pace: Progress,
    ) -> None:
        self.judge, self.pace = fitted.detect if live else fitted.detect_offline, pace
        self.looked, self.usual, self.unit, self.seed = looked, usual, unit, seed
        plain = self.judge(looked, progress=pace)
        self.flagged, self.room = plain.is_anomaly, QuietPlaces(plain, avoid)
        self.gap, self.copies, self.truncated = min(fitted.memory, SPAN), 0, False
        fitting = [trial for trial in trials(usual, LONGEST * len(looked)) if self.room.at(trial).size]
        self.tried: dict[Trial, list[FirstDetection]] = {trial: [] for trial in fitting}

    def fill(self, progress: Progress) -> None:
        """Plants and judges one copy after another, until all is planted or it is enough."""
        for planted, done in filled_copies(list(self.tried), self.room, self.gap, self.seed):
            progress("detect", done)
            values = planted_values(self.looked, self.unit, planted, self.usual, self.seed)
            try:
                judged = self.judge(Series(self.looked.times, values), progress=self.pace)
            except _Enough:
                self.truncated = True
                break
            self.copies += 1
            flagged = judged.is_anomaly & ~self.flagged
            for at, trial in planted:
                self.tried[trial].append(hit(self.looked, flagged, at, trial))
        progress("detect", 1.0)

    def told(self) -> Detectability:
        """What came of every trial, in the series' unit."""
        faults = []
        for name, ladder in LADDERS.items():
            sizes = [
                SizeResult.of(
                    trial.size, self._in_unit(self.usual.change_of(ladder.of, trial.size)), trial.points, hits
                )
                for trial, hits in self.tried.items()
                if trial.fault == name and hits
            ]
            if sizes:
                faults.append(FaultDetectability(name, ladder.of, tuple(sizes)))
        noise, change = self._in_unit(self.usual.noise) or 0.0, self._in_unit(self.usual.change) or 0.0
        return Detectability(
            tuple(faults), len(self.looked), self.copies, noise, change, self.usual.period, self.reason, self.truncated
        )

    def _in_unit(self, value: float | None) -> float | None:
        return None if value is None else float(times_unit(np.array(value), self.unit))

    @property
    def reason(self) -> str:
        """Why nothing, or not everything, was planted; "" where all was."""
        planted = sum(map(len, self.tried.values()))
        if self.truncated and not planted:
            return TOO_SLOW
        everything = len(self.tried) == len(trials(self.usual)) and (self.truncated or all(self.tried.values()))
        told = why_not(self.usual, self.room, bool(planted), everything)
        if not self.truncated:
            return told
        most = TRIALS * len(self.tried)
        said = f"It would take long: {planted} of {most} faults were tried by then, so each share rests on few of them."
        return f"{said} {told}".rstrip()


def trials(usual: Baseline, longest: float = np.inf) -> list[Trial]:
    """Every fault in every size that lasts so many points at most; each length of a flat line once."""
    found = [
        Trial(name, size, ladder.points(size, usual.cycle))
        for name, ladder in LADDERS.items()
        for size in ladder.sizes
        if usual.period or name not in CYCLIC
    ]
    seen = {
        (each.fault, each.points if LADDERS[each.fault].of is SizeUnit.CYCLES else each.size): each for each in found
    }
    return [each for each in seen.values() if each.points <= longest]


def filled_copies(
    wanted: list[Trial], room: QuietPlaces, gap: int, seed: int
) -> Iterator[tuple[list[tuple[int, Trial]], float]]:
    """For each copy what is planted where, and the share of the work done before it.

    Each trial comes TRIALS times, in an order and at places that hang on the seed alone.
    """
    rng = np.random.default_rng([seed, len(room.known)])
    queue = [wanted[k] for _ in range(TRIALS) for k in rng.permutation(len(wanted))]
    most, copies, total = max(JUDGED // max(len(room.known), 1), FEWEST), 0, len(queue)
    while queue and copies < most:
        planted, queue = filled_copy(queue, room, gap, rng)
        if planted:
            yield planted, max(1 - (len(queue) + len(planted)) / total, copies / most)
        copies += 1


def filled_copy(
    queue: list[Trial], room: QuietPlaces, gap: int, rng: np.random.Generator
) -> tuple[list[tuple[int, Trial]], list[Trial]]:
    """What of the queue goes where in one copy, from its start to its end, and what is left of the queue."""
    free = int(rng.integers(0, max(gap, 1) + 1))
    planted, left = [], []
    for k, trial in enumerate(queue):
        places = room.at(trial)
        next_one = int(np.searchsorted(places, free))
        if next_one < len(places):
            at = int(places[min(next_one + int(rng.integers(0, SHORTEST)), len(places) - 1)])
            planted.append((at, trial))
            free = at + trial.points + max(gap, trial.late) + 1
        else:
            left.append(trial)
        if free >= len(room.known) or len(left) > TRIALS:
            return planted, left + queue[k + 1 :]
    return planted, left


def planted_values(series: Series, unit: float, planted: list[tuple[int, Trial]], usual: Baseline, seed: int) -> Floats:
    """(n,) the series with these faults; each is made from the series as it is."""
    scaled = Series(None, series.values / unit)
    values = scaled.values.copy()
    for at, trial in planted:
        values[at : at + trial.points] = trial.planted(scaled, at, usual, seed)
    return times_unit(values, unit)


def hit(series: Series, flagged: Bools, at: int, trial: Trial) -> FirstDetection:
    """Where a fault is first flagged."""
    found = np.flatnonzero(flagged[at : at + trial.points + trial.late])
    if not found.size:
        return FirstDetection(None)
    points = int(found[0])
    if series.times is None:
        return FirstDetection(points)
    return FirstDetection(points, int((series.times[at + points] - series.times[at]).astype(np.int64)))


def why_not(usual: Baseline, room: QuietPlaces, anything: bool, everything: bool) -> str:
    """Why nothing, or not everything that there is, was planted; "" where all was."""
    looked = len(room.known)
    if not room.judged.any():
        return f"None of the last {looked} points is judged: the series is too short for this detector, or empty."
    if not anything:
        return (
            "There is no quiet stretch long enough to plant into: nearly everything is flagged, missing or too early."
        )
    reasons = []
    if not usual.period:
        reasons.append("No period was found: cycles that are missing or pass too fast were not tried.")
    if not everything:
        reasons.append("Faults that last longer than the quiet stretches were not tried.")
    return " ".join(reasons)
