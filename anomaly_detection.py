"""The interfaces of detection: `Detector` learns and scores, `Detection` is its result.

A detector learns what is normal and gives each point a score. A point is an anomaly where its score exceeds the
threshold; anomalies that lie close together are one event. Of a forecast:

    residual  = |value − expected|
    threshold = mean(residual) + sigma · std(residual)
    anomaly   = residual > threshold
    severity  = residual ÷ threshold
"""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, ClassVar, Self

import numpy as np

from errors import StaleState
from events.builder import EventBuilder
from events.context import EventContext
from events.event import Event
from events.filter import NO_FILTER, EventFilter, Interval
from events.scorer import ScorerId
from parameters import Param, parameters
from timeseries import Bools, Floats, Note, Series
from timeseries.intervals import runs
from timeseries.residuals import band

ProgressCallback = Callable[[str, float], None]
"""Called with a stage ("fit", "detect") and its done fraction 0..1; may raise errors.Cancelled to stop the work."""

MergeGap = Annotated[
    int,
    Param("points", 0, 100_000, "Anomalies with at most this many normal points between them are one event."),
]
DEFAULT_MERGE_GAP = 3

MAX_EVENTS_WITH_CONTEXT = 2000
"""With more events, none gets a context: computing them would take longer than the detection itself."""

STATE_VERSION = 1
"""Version of stored detectors and detections. Increase it with every change of their fields."""


def no_progress(stage: str, fraction: float) -> None:
    """A progress callback that does nothing."""


@dataclass(frozen=True, eq=False)
class Components:
    """Intermediate results of a detection, from which `Detector.rethreshold` computes another without a new fit.

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
    """The score of every point of a series, and the anomalies and events that follow from it.

    expected   (n,) in the series' unit; NaN during warm-up, or where the detector expects no value
    margin     (n,) in the series' unit, >= 0: a normal value lies in expected ± margin
    score      (n,) >= 0 in the detector's unit; NaN where a point cannot be scored
    threshold  in the detector's unit: a point is an anomaly where score > threshold
    params     every parameter in effect
    merge_gap  anomalies with at most this many normal points between them are one event
    period     length of the series' cycle in points; None where it has none or the detector does not use one
    notes      results of the fit, and limits of the detection
    scorer_scores  calibrated score (n,) of each scorer that the score combines; empty where there is only one
    event_filter  which points beyond the threshold count as anomalies; by default all of them
    components  intermediate results; without them `Detector.rethreshold` is not possible
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
        """The detection of the last `new` points, without components."""
        first, n = len(self.series) - new, len(self.series)
        columns = {name: getattr(self, name)[first:] for name in ("expected", "margin", "score")}
        scorer_scores = {scorer: scores[first:] for scorer, scores in self.scorer_scores.items()}
        series = self.series.slice(first, n)
        return replace(self, series=series, scorer_scores=scorer_scores, components=None, **columns)

    @functools.cached_property
    def _filtered(self) -> tuple[Bools, list[Interval]]:
        """(n,) which points are anomalies, and the intervals of the events they form."""
        beyond = self.score > self.threshold
        intervals = runs(beyond, self.merge_gap)
        if self.event_filter == NO_FILTER:
            return beyond, intervals
        return self.event_filter.apply(intervals, beyond, self.series.values, self.expected)

    @property
    def is_anomaly(self) -> Bools:
        """(n,) true where the score exceeds the threshold and the point passes the filter; false where it is NaN."""
        return self._filtered[0]

    @functools.cached_property
    def severity(self) -> Floats:
        """(n,) score ÷ threshold."""
        return self.score / self.threshold

    @property
    def band(self) -> tuple[Floats, Floats]:
        """Lower and upper edge, each (n,), in the series' unit."""
        return band(self.expected, self.margin)

    @functools.cached_property
    def warm_up(self) -> int:
        """Number of points that have a value but no score."""
        return int(np.count_nonzero(np.isfinite(self.series.values) & np.isnan(self.score)))

    @property
    def intervals(self) -> list[Interval]:
        """Half-open positions of the events, in order. Cheap; each of the `events` takes 0.1 ms."""
        return self._filtered[1]

    @functools.cached_property
    def events(self) -> list[Event]:
        """The events in order of position."""
        return self.events_at(self.intervals)

    def events_at(self, intervals: Sequence[Interval]) -> list[Event]:
        """The events at some of the `intervals`."""
        return [self._event_builder.build(start, stop) for start, stop in intervals]

    def most_severe(self, limit: int) -> list[Interval]:
        """The `limit` intervals with the highest scores, in order of position; the first ones of equal scores."""
        if len(self.intervals) <= limit:
            return self.intervals
        scores = np.where(self.is_anomaly, self.score, -1.0)
        highest = np.maximum.reduceat(scores, [start for start, _ in self.intervals])
        return [self.intervals[index] for index in sorted(np.argsort(-highest, kind="stable")[:limit].tolist())]

    @property
    def statistics(self) -> dict[str, Any]:
        """Counts, period and notes, as JSON values."""
        return {
            "points": len(self.series),
            "missing": self.series.missing,
            "anomalies": int(np.count_nonzero(self.is_anomaly)),
            "events": len(self.intervals),
            "warm_up": self.warm_up,
            "period": self.period,
            "notes": [note.to_json() for note in self.notes],
        }

    @functools.cached_property
    def _event_builder(self) -> EventBuilder:
        with_context = len(self.intervals) <= MAX_EVENTS_WITH_CONTEXT
        return EventBuilder(
            self.series,
            self.expected,
            self.margin,
            self.score,
            self.is_anomaly,
            self.threshold,
            self.scorer_scores,
            EventContext(self.series, self.period) if with_context else None,
        )


class Detector(ABC):
    """Learns what is normal from one series, then scores every point of it or of another.

    `tests/detectors/test_laws.py` checks these laws for every detector: the score of a point depends on that point and
    earlier ones only; the last `memory + 1` points suffice for the last score; results are deterministic; the input is
    not modified; scores do not depend on the unit of the values; a stored and loaded detector gives the same scores.

    min_history        points that a fit needs for a detector that scores the points after them
    adjustable_params  parameters that `rethreshold` can change without a new fit
    components_type    type of the components of `detect_offline`
    memory             number of earlier points that a score depends on
    params             every parameter in effect
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
    def fit(cls, series: Series, *, progress: ProgressCallback = no_progress) -> Self:
        """The constructor. Decorate it with `checked`; its parameters are keyword arguments of type
        `Annotated[int | float, Param(...)]` with defaults, and the API and the page's form follow from them.

        Accepts any series, however short, constant or full of gaps: a point that cannot be scored gets NaN.
        """

    @abstractmethod
    def detect(self, series: Series, *, progress: ProgressCallback = no_progress) -> Detection:
        """Score every point. Pure: changes neither the series nor the detector."""

    def detect_last(self, series: Series, new: int) -> Detection:
        """Score the last `new` points, each as `detect` does: the detection of `series`, cut to these.

        Override it where the last points can be scored without the others.
        """
        return self.detect(series).last(new)

    def detect_offline(self, series: Series, *, progress: ProgressCallback = no_progress) -> Detection:
        """Score every point of a finished series, with the help of later points where the detector can use them.

        Two laws do not apply: it may use points after the one it scores, and more than `memory` before it.
        """
        return self.detect(series, progress=progress)

    @classmethod
    def rethreshold(cls, detection: Detection, params: Mapping[str, Any]) -> Detection:
        """The detection that the same fit would yield with other params, computed from `detection`.

        params  every parameter; only `adjustable_params` may differ from those of `detection`
        """
        return replace(detection, params=params, merge_gap=int(params["merge_gap"]))

    def state(self) -> dict[str, Any]:
        """Everything learned, as JSON values and numpy arrays by name."""
        return {"version": STATE_VERSION, **self._state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Inverse of `state`. Raises StaleState for that of another version."""
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
    """Raise StaleState unless `state` was stored by this version."""
    if state.get("version") != STATE_VERSION:
        raise StaleState(f"This state has version {state.get('version')}; the program reads {STATE_VERSION}.")


def parameters_of(detector: type[Detector]) -> dict[str, Param]:
    """The parameters of a detector by name, as its `fit` declares them."""
    return parameters(detector.fit)


Timer = Callable[[str], AbstractContextManager[None]]
"""Called with a stage ("fit", "detect"); entered while the stage runs."""


def untimed(stage: str) -> AbstractContextManager[None]:
    """A timer that does nothing."""
    return nullcontext()


def detect(
    series: Series,
    detector: type[Detector],
    params: Mapping[str, Any],
    anomalous: Bools | None = None,
    *,
    progress: ProgressCallback = no_progress,
    timer: Timer = untimed,
) -> Detection:
    """Fit a detector on a series and detect offline in the same series.

    anomalous  (n,) true where a point is labelled an anomaly; missing for the fit, but scored
    Raises UnknownName and BadParameter for params, and what `progress` raises.
    """
    masked = series
    if anomalous is not None and anomalous.any():
        masked = replace(series, values=np.where(anomalous, np.nan, series.values))
    with timer("fit"):
        fitted = detector.fit(masked, progress=progress, **params)
    with timer("detect"):
        detection = fitted.detect_offline(series, progress=progress)
        if masked is not series:
            hidden = np.isnan(masked.values) & ~np.isnan(series.values)
            detection = _merge(fitted.detect_offline(masked, progress=progress), detection, hidden)
    return detection


def _merge(masked: Detection, unmasked: Detection, hidden: Bools) -> Detection:
    """The detection of the masked series, with the columns of the unmasked one where `hidden` (n,) is true.

    Labelled anomalies thus get scores without distorting those of their neighbours.
    """

    def merged(column: Any, other: Any) -> Any:
        is_column = isinstance(column, np.ndarray) and column.shape == hidden.shape
        return np.where(hidden, other, column) if is_column else column

    components = masked.components
    if components is not None and unmasked.components is not None:
        components = components.merge(unmasked.components, hidden)
    return replace(
        masked,
        series=unmasked.series,
        expected=merged(masked.expected, unmasked.expected),
        margin=merged(masked.margin, unmasked.margin),
        score=merged(masked.score, unmasked.score),
        scorer_scores={
            scorer: merged(scores, unmasked.scorer_scores[scorer]) for scorer, scores in masked.scorer_scores.items()
        },
        components=components,
    )
