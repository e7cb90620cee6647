"""Residual, threshold, score, events; what a Detection is and what a Detector is."""

import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Self

import numpy as np

from circumstances import Circumstances
from counting import EVERY, Counting
from errors import UnknownName
from parameters import Param, parameters
from series import Bools, Floats, Series

Progress = Callable[[str, float], None]
"""Called with a stage ("fit", "detect") and its done fraction 0..1; may raise errors.Cancelled to stop the work."""

Gap = Annotated[
    int,
    Param("points", 0, 100_000, "Anomalies with at most this many normal points between them are one event."),
]
DEFAULT_GAP = 3

MOST_REMARKS = 2000
"""With more events than this, their explanations leave out the circumstances: they would take longer than the rest."""

CLEAR = 0.5
"""Margins from what was expected at which a point of an event that several views see tells its direction."""
OFTEN = 0.1
"""Share of an event's anomalies that a view must find the most unusual to be told beside the one of the peak."""

SPREAD_FLOOR = 1e-13
"""Smallest believable spread, relative to the size of the values: some 450 roundings of a float64.
The standard deviation of sixty equal 0.1s is 4e-17, not 0; dividing by it would flag rounding."""


def no_progress(stage: str, fraction: float) -> None:
    """The progress callback of a caller who does not care."""


def spread_floor(values: Floats) -> float:
    """The smallest spread to divide by for values of this size; always above 0."""
    finite = values[np.isfinite(values)]
    size = float(np.max(np.abs(finite))) if finite.size else 0.0
    return max(SPREAD_FLOOR * size, np.finfo(np.float64).tiny)


def unit_of(values: Floats) -> float:
    """The power of two next to the largest |value|, or 1 for values of ordinary size.

    Dividing by a power of two is exact, and keeps squares of values like 1e300 or 1e-300 within a float64.
    """
    finite = values[np.isfinite(values)]
    size = float(np.max(np.abs(finite))) if finite.size else 0.0
    return 1.0 if size == 0 or 1e-100 < size < 1e100 else 2.0 ** min(max(math.frexp(size)[1], -1000), 1000)


def times_unit(values: Floats, unit: float) -> Floats:
    """values · unit, held within what a float64 can hold."""
    largest = np.finfo(np.float64).max / max(unit, 1.0)
    return np.asarray(np.clip(values, -largest, largest) * unit)


@dataclass(frozen=True)
class Event:
    """A run of anomalies: half open positions start to stop, the position of its worst point, and what came there.

    peak      the point of the highest score; where a detector joins views and the event lies on one side of what was
              expected, the point furthest off there
    severity  its highest score ÷ threshold
    seen_by   the view that finds it most unusual, of those a detector joins; None where it joins none
    """

    start: int
    stop: int
    peak: int
    direction: str
    severity: float
    value: float
    expected: float
    explanation: str
    seen_by: str | None = None


@dataclass(frozen=True, eq=False)
class Detection:
    """The judgement of every point of a series.

    expected   (n,) in the series' unit; NaN while warming up
    margin     (n,) in the series' unit, >= 0: a normal value lies in expected ± margin
    score      (n,) >= 0 in the detector's unit; NaN where it cannot tell
    threshold  in the detector's unit: a point is an anomaly where score > threshold
    params     every parameter in effect
    gap        most normal points inside one event
    period     points after which the series repeats itself; None where no period was found or looked for
    notes      what was learned and what to know about it, in sentences
    views      where several things are looked at, by their words (n,) how unusual each is; the score joins them
    counting   which points beyond the threshold count as anomalies; every one, as a rule
    basis      numbers and arrays from which, beside the columns, another sigma can be judged: see Detector.again;
               `usual` (m,) are the scores that the threshold is set from where that needs them
    """

    series: Series
    expected: Floats
    margin: Floats
    score: Floats
    threshold: float
    params: Mapping[str, Any] = field(default_factory=dict)
    gap: int = DEFAULT_GAP
    period: int | None = None
    notes: tuple[str, ...] = ()
    views: Mapping[str, Floats | Bools] = field(default_factory=dict)
    counting: Counting = EVERY
    basis: Mapping[str, Any] = field(default_factory=dict)

    def last(self, new: int) -> "Detection":
        """The judgement of the last `new` points, which cannot be judged again."""
        first, n = len(self.series) - new, len(self.series)
        columns = {name: getattr(self, name)[first:] for name in ("expected", "margin", "score")}
        views = {words: voice[first:] for words, voice in self.views.items()}
        return replace(self, series=self.series.slice(first, n), views=views, basis={}, **columns)

    @functools.cached_property
    def _judged(self) -> tuple[Bools, list[tuple[int, int]]]:
        """Which points are anomalies, and the events that they make."""
        beyond = self.score > self.threshold
        events = runs(beyond, self.gap)
        if self.counting == EVERY:
            return beyond, events
        return self.counting.within(events, beyond, self.series.values, self.expected)

    @property
    def is_anomaly(self) -> Bools:
        """(n,) true where the score lies above the threshold and that counts; a NaN score never does."""
        return self._judged[0]

    @functools.cached_property
    def severity(self) -> Floats:
        """(n,) score ÷ threshold."""
        return self.score / self.threshold

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """Where the events lie, in order: half open positions. Quickly known, an event takes a tenth of a
        millisecond."""
        return self._judged[1]

    @functools.cached_property
    def events(self) -> list[Event]:
        """The runs of anomalies, in order."""
        return self.events_at(self.stretches)

    def events_at(self, stretches: Sequence[tuple[int, int]]) -> list[Event]:
        """The events at some of the `stretches`."""
        return [self._event(start, stop) for start, stop in stretches]

    def gravest(self, most: int) -> list[tuple[int, int]]:
        """Of the `stretches` at most so many, those with the highest scores, in order; of equal ones the first."""
        if len(self.stretches) <= most:
            return self.stretches
        scores = np.where(self.is_anomaly, self.score, -1.0)
        highest = np.maximum.reduceat(scores, [start for start, _ in self.stretches])
        return [self.stretches[place] for place in sorted(np.argsort(-highest, kind="stable")[:most].tolist())]

    @functools.cached_property
    def _circumstances(self) -> Circumstances | None:
        """None where there are so many events that nobody reads a remark on each."""
        return Circumstances(self.series, self.period) if len(self.stretches) <= MOST_REMARKS else None

    @functools.cached_property
    def warm_up(self) -> int:
        """How many points have a value but no judgement."""
        return int(np.count_nonzero(np.isfinite(self.series.values) & np.isnan(self.score)))

    def _event(self, start: int, stop: int) -> Event:
        within = np.where(self.is_anomaly[start:stop], self.score[start:stop], -1.0)
        highest = start + int(np.argmax(within))
        severity = min(float(self.score[highest]) / self.threshold, float(np.finfo(np.float64).max))
        if self.views:
            return self._joined_event(start, stop, highest, severity)
        value, expected = float(self.series.values[highest]), float(self.expected[highest])
        direction = "above" if value > expected else "below" if value < expected else "shape"
        explanation = explain(value, expected, direction, severity, stop - start) + self._remark(highest, direction)
        return Event(start, stop, highest, direction, severity, value, expected, explanation)

    def _joined_event(self, start: int, stop: int, highest: int, severity: float) -> Event:
        """An event where several views are joined. Their score says that something is odd, not that a value is far off:
        its worst point is the furthest one, where there is one."""
        direction, furthest = self._side(start, stop)
        seen_by, *also = self._seen_by(start, stop, highest)
        peak = highest if furthest is None else furthest
        value, expected = float(self.series.values[peak]), float(self.expected[peak])
        explanation = explain_view(value, expected, direction, severity, stop - start, seen_by, also)
        outside = abs(value - expected) > self.margin[peak]
        explanation += self._remark(peak, direction if outside else "shape")
        return Event(start, stop, peak, direction, severity, value, expected, explanation, seen_by)

    def _side(self, start: int, stop: int) -> tuple[str, int | None]:
        """On which side of what was expected an event lies, and its furthest point there; "shape" where none is clear.

        Clear are points further off than CLEAR margins, and than CLEAR of the furthest where that lies outside: beside
        it the others are noise. They may change side once, as at the end of a new level: the first side is the event's.
        A burst of noise changes often.
        """
        here = start + np.flatnonzero(self.is_anomaly[start:stop])
        with np.errstate(over="ignore", invalid="ignore"):
            away = (self.series.values[here] - self.expected[here]) / self.margin[here]
        clear = np.abs(away) > CLEAR * np.nanmax(np.abs(away), initial=1.0)
        here, away = here[clear], away[clear]
        if not len(here) or np.count_nonzero(np.diff(np.sign(away))) > 1:
            return "shape", None
        side = np.sign(away[0])
        return ("above" if side > 0 else "below"), int(here[np.argmax(side * away)])

    def _seen_by(self, start: int, stop: int, peak: int) -> list[str]:
        """The view that finds the highest score most unusual; then, of each other kind of view that finds a tenth of
        the event's anomalies so, the one that does most often."""
        here = np.flatnonzero(self.is_anomaly[start:stop])
        told = np.stack([np.nan_to_num(voice[start:stop][here]) for voice in self.views.values()])
        names, surest = list(self.views), np.argmax(told, axis=0)
        first = names[surest[int(np.searchsorted(here, peak - start))]]
        counts = np.bincount(surest, minlength=len(names))
        kinds = {_kind(first): first}
        for code in np.argsort(-counts, kind="stable").tolist():
            if counts[code] >= OFTEN * len(here):
                kinds.setdefault(_kind(names[code]), names[code])
        return list(kinds.values())

    def _remark(self, peak: int, direction: str) -> str:
        """The circumstances of a peak, as a further sentence."""
        if not self._circumstances:
            return ""
        told = self._circumstances.told(peak, direction, float(self.expected[peak]), float(self.margin[peak]))
        return f" {told}" if told else ""


def runs(flags: Bools, gap: int = 0) -> list[tuple[int, int]]:
    """Half open runs of true values; runs with at most `gap` false values between them are joined.

    >>> runs(np.array([True, False, True, False, False, True]), gap=1)
    [(0, 3), (5, 6)]
    """
    at = np.flatnonzero(flags)
    if not at.size:
        return []
    breaks = np.flatnonzero(np.diff(at) > gap + 1)
    starts = at[np.concatenate(([0], breaks + 1))]
    stops = at[np.concatenate((breaks, [at.size - 1]))] + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def explain(value: float, expected: float, direction: str, severity: float, points: int) -> str:
    """One sentence for a person: what came, what was expected, how far beyond the allowed distance."""
    beyond = f"{_times(severity)} the distance allowed; lasts {_counted(points)}."
    if direction == "shape":
        return f"An unusual shape around {value:.6g}, {beyond}"
    return f"{_compared(value, expected, direction)}, {beyond}"


def explain_view(
    value: float, expected: float, direction: str, severity: float, points: int, seen_by: str, also: Sequence[str] = ()
) -> str:
    """The same where several views are joined: what the view that finds it most unusual looks at, and what others do
    that find it unusual `also`. Value and expected are those of the point furthest off, in that direction."""
    beyond = f"{_times(severity)} the score allowed; lasts {_counted(points)}."
    others = f", also {' and '.join(also)}" if also else ""
    if direction == "shape":
        return f"Unusual {seen_by}{others}, around {value:.6g}: {beyond}"
    return f"{_compared(value, expected, direction)}, most unusual by its {seen_by}{others}: {beyond}"


def _kind(view: str) -> str:
    """What a view looks at, whatever the length of its window."""
    return view.partition(" over ")[0]


def _times(severity: float) -> str:
    """How far beyond what is allowed: "1 times" would sound like not at all."""
    told = f"{severity:.3g}"
    return "just above" if told == "1" else f"{told} times"


def _counted(points: int) -> str:
    return "1 point" if points == 1 else f"{points} points"


def _compared(value: float, expected: float, direction: str) -> str:
    """Far off as a share of what was expected; in the series' own unit where a share would be "293 % below"."""
    percent = abs(value - expected) / abs(expected) * 100 if expected else math.inf
    share = f"{percent:.3g} % " if percent < 1000 else ""
    if expected and (value * np.sign(expected) < 0 or (direction == "below" and percent > 100)):
        share = f"{abs(value - expected):.6g} "
    return f"{value:.6g} is {share}{direction} the expected {expected:.6g}"


def residual_threshold(residuals: Floats, sigma: float, floor: float) -> float:
    """mean(residual) + sigma · std(residual), in the series' unit, over the residuals that are not NaN.

    This is not "sigma standard deviations of the noise": on Gaussian noise, sigma 3 flags 0.9 % of
    normal points, sigma 4 0.13 %, sigma 5 0.01 %. `floor` is the smallest standard deviation believed.
    """
    mean, spread = usual_residual(residuals, floor)
    return mean + sigma * spread


def usual_residual(residuals: Floats, floor: float) -> tuple[float, float]:
    """Mean and standard deviation of `residual_threshold`; the floor and 0 where no residual is known."""
    known = residuals[np.isfinite(residuals)]
    if not known.size:
        return floor, 0.0
    return float(np.mean(known)), max(float(np.std(known)), floor)


class Detector(ABC):
    """Learns what is normal from one series, then judges every point of it or of another.

    The laws in `tests/test_laws.py` run on every detector: the judgement of a point uses that point and
    earlier ones only; the last `memory + 1` points are enough for the last judgement; same seed, same
    answer; input unchanged; units do not matter; saved and loaded, it judges the same.

    `fewest` is how many points of history a fit needs before it can be trusted to judge what comes after them;
    `without_fit` names the parameters of which another value needs no new fit, see `again`.
    """

    fewest: ClassVar[int] = 200
    without_fit: ClassVar[tuple[str, ...]] = ("gap",)
    title: ClassVar[str]
    help: ClassVar[str]
    memory: int
    params: Mapping[str, Any]

    @classmethod
    @abstractmethod
    def fit(cls, series: Series, *, progress: Progress = no_progress) -> Self:
        """The constructor. Decorate it with `checked`; its parameters are keyword arguments of type
        `Annotated[int | float, Param(...)]` with defaults, and the API and the page's form follow from them.

        Never refuses a series for being short, constant or full of gaps: what it cannot judge gets score NaN.
        """

    @abstractmethod
    def detect(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """Judges every point. Pure: changes neither the series nor the detector."""

    def detect_last(self, series: Series, new: int) -> Detection:
        """Judges the last `new` points alone, each as `detect` does: the detection of `series` cut to these.

        Worth writing where a point of a long tail can be judged without the others.
        """
        return self.detect(series).last(new)

    def review(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """Judges every point of a finished series, later points included where that helps; else as `detect` does.

        Bound by every law but two: it may use points after the one it judges, and more than the last `memory + 1`.
        """
        return self.detect(series, progress=progress)

    @classmethod
    def again(cls, kept: Detection, params: Mapping[str, Any]) -> Detection:
        """What this detector's `kept` judgement would be with these params, all of them; only those in `without_fit`
        differ. The fit stays, so do the forecasts. Of `kept` the columns, params and basis are used, not the events.
        """
        return replace(kept, params=params, gap=int(params["gap"]))

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything learned, as JSON values and numpy arrays by name; `from_state` takes it back."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The detector that gave this state."""


def parameters_of(detector: type[Detector]) -> dict[str, Param]:
    """The parameters of a detector by name, as its `fit` declares them."""
    return parameters(detector.fit)


def detector_named(name: str, known: Mapping[str, type[Detector]]) -> type[Detector]:
    """One of these detectors. Raises UnknownName."""
    if name not in known:
        raise UnknownName(
            f"There is no detector {name!r}; use one of {', '.join(known)}.", name=name, known=sorted(known)
        )
    return known[name]
