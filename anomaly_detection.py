"""Residual, threshold, score, events; what a Detection is and what a Detector is."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, ClassVar, Self

import numpy as np

from errors import StaleState, UnknownName
from events.context import EventContext
from events.event import Event
from events.filter import NO_FILTER, EventFilter
from events.scorer import ScorerId
from events.wording import explain, explain_view, note_message
from parameters import Param, parameters
from timeseries import Bools, Floats, Note, Series
from timeseries.intervals import runs

Progress = Callable[[str, float], None]
"""Called with a stage ("fit", "detect") and its done fraction 0..1; may raise errors.Cancelled to stop the work."""

MergeGap = Annotated[
    int,
    Param("points", 0, 100_000, "Anomalies with at most this many normal points between them are one event."),
]
DEFAULT_MERGE_GAP = 3

MOST_REMARKS = 2000
"""With more events than this, their explanations leave out the circumstances: they would take longer than the rest."""

CLEAR = 0.5
"""Margins from what was expected at which a point of an event that several views see tells its direction."""
OFTEN = 0.1
"""Share of an event's anomalies that a view must find the most unusual to be told beside the one of the peak."""


STATE_VERSION = 1
"""Of saved detectors and detections; raise it with every change of what they hold."""


def no_progress(stage: str, fraction: float) -> None:
    """The progress callback of a caller who does not care."""


@dataclass(frozen=True, eq=False)
class Components:
    """What a detection was computed from, so that `Detector.rethreshold` needs no new fit.

    Each family of detectors has its own subclass: a dataclass of arrays, numbers and sequences of numbers.
    """

    @property
    def arrays(self) -> dict[str, Floats]:
        """The fields that are arrays, by name."""
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: part for name, part in named.items() if isinstance(part, np.ndarray)}

    @property
    def plain(self) -> dict[str, Any]:
        """The other fields, as JSON values by name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in self.arrays}

    def merge(self, other: Self, mask: Bools) -> Self:
        """These components; at the points of `mask` (n,) those of `other`, a detection of the same points."""
        theirs = other.arrays
        columns = {name: part for name, part in self.arrays.items() if part.shape == mask.shape}
        return replace(self, **{name: np.where(mask, theirs[name], part) for name, part in columns.items()})


@dataclass(frozen=True, eq=False)
class Detection:
    """The judgement of every point of a series.

    expected   (n,) in the series' unit; NaN while warming up
    margin     (n,) in the series' unit, >= 0: a normal value lies in expected ± margin
    score      (n,) >= 0 in the detector's unit; NaN where it cannot tell
    threshold  in the detector's unit: a point is an anomaly where score > threshold
    params     every parameter in effect
    merge_gap  anomalies with at most this many normal points between them are one event
    period     points after which the series repeats itself; None where no period was found or looked for
    notes      what was learned, and what limits the detection
    scorer_scores  calibrated score (n,) of each scorer that the score combines; empty where there is only one
    event_filter  which points beyond the threshold count as anomalies; every one by default
    components  what the score and the threshold were computed from; None where `Detector.rethreshold` is not possible
    """

    series: Series
    expected: Floats
    margin: Floats
    score: Floats
    threshold: float
    params: Mapping[str, Any] = field(default_factory=dict)
    merge_gap: int = DEFAULT_MERGE_GAP
    period: int | None = None
    notes: tuple[Note, ...] = ()
    scorer_scores: Mapping[ScorerId, Floats | Bools] = field(default_factory=dict)
    event_filter: EventFilter = NO_FILTER
    components: Components | None = None

    def last(self, new: int) -> "Detection":
        """The judgement of the last `new` points, which cannot be judged again."""
        first, n = len(self.series) - new, len(self.series)
        columns = {name: getattr(self, name)[first:] for name in ("expected", "margin", "score")}
        scorer_scores = {scorer: scores[first:] for scorer, scores in self.scorer_scores.items()}
        series = self.series.slice(first, n)
        return replace(self, series=series, scorer_scores=scorer_scores, components=None, **columns)

    @functools.cached_property
    def _judged(self) -> tuple[Bools, list[tuple[int, int]]]:
        """Which points are anomalies, and the events that they make."""
        beyond = self.score > self.threshold
        events = runs(beyond, self.merge_gap)
        if self.event_filter == NO_FILTER:
            return beyond, events
        return self.event_filter.within(events, beyond, self.series.values, self.expected)

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

    def most_severe(self, most: int) -> list[tuple[int, int]]:
        """Of the `stretches` at most so many, those with the highest scores, in order; of equal ones the first."""
        if len(self.stretches) <= most:
            return self.stretches
        scores = np.where(self.is_anomaly, self.score, -1.0)
        highest = np.maximum.reduceat(scores, [start for start, _ in self.stretches])
        return [self.stretches[place] for place in sorted(np.argsort(-highest, kind="stable")[:most].tolist())]

    @functools.cached_property
    def _circumstances(self) -> EventContext | None:
        """None where there are so many events that nobody reads a remark on each."""
        return EventContext(self.series, self.period) if len(self.stretches) <= MOST_REMARKS else None

    @functools.cached_property
    def warm_up(self) -> int:
        """How many points have a value but no judgement."""
        return int(np.count_nonzero(np.isfinite(self.series.values) & np.isnan(self.score)))

    def _event(self, start: int, stop: int) -> Event:
        within = np.where(self.is_anomaly[start:stop], self.score[start:stop], -1.0)
        highest = start + int(np.argmax(within))
        severity = min(float(self.score[highest]) / self.threshold, float(np.finfo(np.float64).max))
        if self.scorer_scores:
            return self._joined_event(start, stop, highest, severity)
        value, expected = float(self.series.values[highest]), float(self.expected[highest])
        direction = "above" if value > expected else "below" if value < expected else "shape"
        explanation = explain(value, expected, direction, severity, stop - start) + self._remark(highest, direction)
        return Event(start, stop, highest, direction, severity, value, expected, explanation)

    def _joined_event(self, start: int, stop: int, highest: int, severity: float) -> Event:
        """An event where several views are joined. Their score says that something is odd, not that a value is far off:
        its worst point is the furthest one, where there is one."""
        direction, furthest = self._side(start, stop)
        top_scorer, *also = self._top_scorers(start, stop, highest)
        peak = highest if furthest is None else furthest
        value, expected = float(self.series.values[peak]), float(self.expected[peak])
        explanation = explain_view(value, expected, direction, severity, stop - start, top_scorer, also)
        outside = abs(value - expected) > self.margin[peak]
        explanation += self._remark(peak, direction if outside else "shape")
        scorer, window = top_scorer.name, top_scorer.window
        return Event(start, stop, peak, direction, severity, value, expected, explanation, scorer, window)

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

    def _top_scorers(self, start: int, stop: int, peak: int) -> list[ScorerId]:
        """The scorer with the highest calibrated score at the peak, then those with the highest at OFTEN of the event's
        anomalies or more: one window of each name, the most frequent."""
        anomalies = np.flatnonzero(self.is_anomaly[start:stop])
        scores = np.stack([np.nan_to_num(each[start:stop][anomalies]) for each in self.scorer_scores.values()])
        scorers, highest = list(self.scorer_scores), np.argmax(scores, axis=0)
        top = scorers[highest[int(np.searchsorted(anomalies, peak - start))]]
        counts = np.bincount(highest, minlength=len(scorers))
        by_name = {top.name: top}
        for index in np.argsort(-counts, kind="stable").tolist():
            if counts[index] >= OFTEN * len(anomalies):
                by_name.setdefault(scorers[index].name, scorers[index])
        return list(by_name.values())

    def _remark(self, peak: int, direction: str) -> str:
        """The circumstances of a peak, as a further sentence."""
        if not self._circumstances:
            return ""
        told = self._circumstances.told(peak, direction, float(self.expected[peak]), float(self.margin[peak]))
        return f" {told}" if told else ""


def residual_threshold(residuals: Floats, sigma: float, floor: float) -> float:
    """mean(residual) + sigma · std(residual), in the series' unit, over the residuals that are not NaN.

    This is not "sigma standard deviations of the noise": on Gaussian noise, sigma 3 flags 0.9 % of
    normal points, sigma 4 0.13 %, sigma 5 0.01 %. `floor` is the smallest standard deviation believed.
    """
    mean, spread = residual_stats(residuals, floor)
    return mean + sigma * spread


def residual_stats(residuals: Floats, floor: float) -> tuple[float, float]:
    """Mean and standard deviation of `residual_threshold`; the floor and 0 where no residual is known."""
    known = residuals[np.isfinite(residuals)]
    if not known.size:
        return floor, 0.0
    return float(np.mean(known)), max(float(np.std(known)), floor)


class Detector(ABC):
    """Learns what is normal from one series, then judges every point of it or of another.

    The laws in `tests/detectors/test_laws.py` run on every detector: the judgement of a point uses that point and
    earlier ones only; the last `memory + 1` points are enough for the last judgement; same seed, same
    answer; input unchanged; units do not matter; saved and loaded, it judges the same.

    `min_history` is how many points of history a fit needs before it can be trusted to judge what comes after them;
    `adjustable_params` names the parameters of which another value needs no new fit, see `rethreshold`;
    `components_type` is that of the components of `detect_offline`.
    """

    min_history: ClassVar[int] = 200
    adjustable_params: ClassVar[tuple[str, ...]] = ("merge_gap",)
    components_type: ClassVar[type[Components]]
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

    def detect_offline(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """Judges every point of a finished series, later points included where that helps; else as `detect` does.

        Bound by every law but two: it may use points after the one it judges, and more than the last `memory + 1`.
        """
        return self.detect(series, progress=progress)

    @classmethod
    def rethreshold(cls, kept: Detection, params: Mapping[str, Any]) -> Detection:
        """What this detector's `kept` judgement would be with these params, all of them; only `adjustable_params` may
        differ. The fit stays, so do the forecasts. Of `kept` the columns, params and basis are used, not the events.
        """
        return replace(kept, params=params, merge_gap=int(params["merge_gap"]))

    def state(self) -> dict[str, Any]:
        """Everything learned, as JSON values and numpy arrays by name; `from_state` takes it back."""
        return {"version": STATE_VERSION, **self._state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The detector of this state. Raises StaleState for that of another version."""
        check_version(state)
        return cls._from_state(state)

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """`state` without its version."""

    @classmethod
    @abstractmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        """Inverse of `_state`."""


def check_version(state: Mapping[str, Any]) -> None:
    """Raises StaleState unless `state` was saved by this version."""
    if state.get("version") != STATE_VERSION:
        raise StaleState(f"This state has version {state.get('version')}; the program reads {STATE_VERSION}.")


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


EVENT_TIMES = ("start_time", "stop_time", "peak_time")


def summary(detection: Detection, seconds: Mapping[str, float]) -> dict[str, Any]:
    """A detection in a few numbers."""
    return {
        "points": len(detection.series),
        "missing": detection.series.missing,
        "anomalies": int(np.count_nonzero(detection.is_anomaly)),
        "events": len(detection.stretches),
        "warm_up": detection.warm_up,
        "period": detection.period,
        "notes": [{"code": note.code, "message": note_message(note)} for note in detection.notes],
        "seconds": dict(seconds),
    }


def events_in_ms(detection: Detection, stretches: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """The events at some of a detection's stretches as they are kept: with times in ms since 1970 UTC. See
    `of_events`."""
    times = detection.series.times
    stamps = None if times is None else times.view(np.int64)
    found = detection.events_at(stretches)
    ends = ((event.start, event.stop - 1, event.peak) for event in found)
    told = [None if stamps is None else [int(stamps[at]) for at in each] for each in ends]
    return [event_with_times(event, told) for event, told in zip(found, told, strict=True)]


def band(detection: Detection) -> tuple[Floats, Floats]:
    """Lower and upper edge, each (n,) in the series' unit; infinite where it lies beyond the largest number."""
    return edges(detection.expected, detection.margin)


def edges(expected: Floats, margin: Floats) -> tuple[Floats, Floats]:
    """expected − margin and expected + margin."""
    with np.errstate(over="ignore"):
        return expected - margin, expected + margin


def event_with_times(event: Event, times: Sequence[str | int] | None) -> dict[str, Any]:
    """An event with the times of its start, its last point and its peak."""
    return {
        "start": event.start,
        "stop": event.stop,
        "peak": event.peak,
        **dict(zip(EVENT_TIMES, times or (None, None, None), strict=True)),
        "direction": event.direction,
        "severity": event.severity,
        "value": event.value,
        "expected": event.expected,
        "explanation": event.explanation,
        "top_scorer": event.top_scorer,
        "window": event.window,
    }
