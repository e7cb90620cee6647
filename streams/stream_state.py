"""One stream in memory: the last points, the detectors, and the scoring of new points."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, Detector
from events.scored_points import ScoredPoints, concatenate
from store import Stream
from streams.arrival_intervals import ArrivalIntervals
from streams.cold_start_band import EXCURSION_POINTS, widen_band
from streams.confidence import WINDOW_COEFFICIENTS, band_confidence, confidence
from streams.snapshot import NO_POINT, UNKNOWN, NewestPoint
from timeseries import Bools, Floats, Series
from timeseries.residuals import band

MIN_KNOWN_VALUES = 11
"""Known values that FALLBACK needs before a point to score it; a test checks this."""
FALLBACK = "robust_zscore"
"""Detector used from the twelfth point on, until the stream's own is fitted."""
SEASONAL_FALLBACK = "seasonal_naive"
"""Detector that replaces FALLBACK once the stream has a period and this one's forecasts are clearly better."""


class StreamState:
    """What scoring the next point takes. All of it can be read from the store again.

    stream                the stored row, up to date with the last scored point
    lock                  held while points are scored and handed to the writer, so that they stay in order
    dropped               deleted, or its points could not be written: get the stream from the registry again
    pending_write         done when the last points handed to the writer are durable
    durable_cursor        cursor of the last durable point
    small_chunks          number of small chunks written since the last merge
    tail                  last points by time, at least `memory` of them if there are that many
    own, own_name         the stream's own detector once it is fitted, and its name
    fitted_at             cursor of the last point it was fitted on
    own_residuals         number of residuals its band was learned from
    ready                 whether it could score the next point when it was adopted
    fallback              scores while no other detector can
    seasonal              scores until the own detector does; None where no season is trusted
    seasonal_at           cursor of the last search for a season
    points_since_anomaly  number of points after the last anomaly
    newest                newest point that was not late
    anomalies             number of anomalies since the stream was loaded
    thresholds            of the detectors that scored since then, by name
    """

    def __init__(self, stream: Stream, tail: ScoredPoints, fallback: Detector) -> None:
        self.stream = stream
        self.fallback = fallback
        self.own: Detector | None = None
        self.own_name = ""
        self.fitted_at = 0
        self.own_residuals = 0
        self.ready = False
        self.seasonal: Detector | None = None
        self.seasonal_residuals = 0
        self.seasonal_at = 0
        self.tail = Series(tail.times, tail.values)
        self.points_since_anomaly = points_since_anomaly(tail.is_anomaly[~tail.late])
        self.lock = threading.RLock()
        self.dropped = False
        self.pending_write: Future[None] | None = None
        self.durable_cursor = stream.cursor
        self.small_chunks = 0
        self.intervals = ArrivalIntervals()
        self.newest = NewestPoint.last_of(tail) or NO_POINT
        self.anomalies = 0
        self.thresholds: dict[str, float] = {}

    def adopt(self, name: str, own: Detector, fitted_at: int, tail: ScoredPoints, residuals: int) -> None:
        """Scores with this detector from the next point on.

        fitted_at  cursor of the last point it was fitted on
        tail       the last `tail_size(own)` points by time
        residuals  number of residuals its band was learned from
        """
        self.own = own
        self.own_name = name
        self.fitted_at = fitted_at
        self.own_residuals = residuals
        self.tail = Series(tail.times, tail.values)
        self.ready = self._can_score_next()

    def adopt_seasonal(self, seasonal: Detector | None, residuals: int, tail: ScoredPoints) -> None:
        """Scores with this detector where it can, until the own detector does."""
        self.seasonal = seasonal
        self.seasonal_residuals = residuals
        self.tail = Series(tail.times, tail.values)

    @property
    def memory(self) -> int:
        """Number of points that `tail` must have, if there are that many."""
        memory = max(each.memory for each in (self.fallback, self.seasonal, self.own) if each)
        return memory if self.own_detector_active else max(memory, EXCURSION_POINTS)

    def tail_size(self, own: Detector) -> int:
        """Number of points that `adopt` needs for this detector, if there are that many."""
        return max(self.memory, own.memory, EXCURSION_POINTS)

    @property
    def own_detector_active(self) -> bool:
        """Whether the own detector has scored a point: from then on no other does."""
        return self.own is not None and self.own_name in self.stream.detector_names

    @property
    def status(self) -> str:
        """warming_up, anomalous (an event is open) or normal."""
        if not (self.own_detector_active or self.ready):
            return "warming_up"
        return "anomalous" if self.in_event else "normal"

    @property
    def next_detector(self) -> str | None:
        """Name of the detector that scores the next point; None where none can yet."""
        if self.own_detector_active or self.ready:
            return self.own_name
        if self.seasonal is not None:
            return SEASONAL_FALLBACK
        known = np.count_nonzero(np.isfinite(self.tail.values[-self.fallback.memory :]))
        return FALLBACK if known >= MIN_KNOWN_VALUES else None

    def _can_score_next(self) -> bool:
        """Whether the own detector could score a next point, one step after the last."""
        if self.own is None or not len(self.tail):
            return False
        step = self.tail.step_ms or 1
        times = self.tail.times
        series = Series(
            None if times is None else np.append(times, times[-1] + np.timedelta64(step, "ms")),
            np.append(self.tail.values, 0.0),
        )
        return bool(np.isfinite(self.own.detect_last(series, 1).score[-1]))

    @property
    def in_event(self) -> bool:
        """Whether an event is open: the next anomaly would still belong to it."""
        return in_event(self.stream, self.points_since_anomaly)

    def score(self, new: Series, now: int) -> ScoredPoints:
        """Scores the points after the tail and adds them to it. `now`: ms since 1970 UTC."""
        series = Series(
            None if new.times is None else np.concatenate((_times(self.tail, new), new.times)),
            np.concatenate((self.tail.values, new.values)),
        )
        scored = self._score_last(series, len(new))
        self.stream = replace(
            self.stream,
            cursor=scored.cursor,
            timed=new.times is not None,
            last_time=None if new.times is None else int(new.times[-1].astype(np.int64)),
            last_arrival=now,
            detector_names=self._detectors_with(scored.judged_by),
        )
        self.tail = copy_from(series, len(series) - self.memory)
        self.points_since_anomaly = points_since_anomaly(scored.is_anomaly, self.points_since_anomaly)
        self.newest = NewestPoint.last_of(scored) or self.newest
        self.anomalies += scored.anomalies
        return scored

    def score_late(self, late: Series, known: ScoredPoints) -> ScoredPoints:
        """Scores points older than the newest from those before them in time, and adds them to the tail.

        known  the points by time that lie between them, and `memory` points before the first

        The scores of points after them do not change; an event neither opens nor closes.
        """
        cursor = self.stream.cursor + len(late)
        if not len(late):
            return known.take(np.empty(0, np.intp), cursor)
        series, positions = merge(Series(known.times, known.values), late)
        first = int(positions[0])
        stop = int(positions[-1]) + 1
        scored = self._score_last(series.slice(0, stop), stop - first)
        scored = replace(scored.take(positions - first, cursor), late=np.ones(len(late), np.bool_))
        self.stream = replace(self.stream, cursor=cursor, detector_names=self._detectors_with(scored.judged_by))
        tail = merge(self.tail, late)[0]
        self.tail = copy_from(tail, len(tail) - self.memory)
        return scored

    def observe_late_arrival(self, now: int) -> None:
        """Notes that late points arrived `now`, ms since 1970 UTC: the stream is not silent."""
        self.intervals.observe_arrival(now)
        self.stream = replace(self.stream, last_arrival=now)

    def _detectors_with(self, names: Sequence[str | None]) -> tuple[str, ...]:
        """The names of the detectors that scored points of the stream, these included."""
        new = sorted({name for name in names if name} - set(self.stream.detector_names))
        return (*self.stream.detector_names, *new)

    def _score_last(self, series: Series, new: int) -> ScoredPoints:
        """Scores the last `new` points: by the own detector from its first score on; before, by the seasonal fallback
        where there is one that can, else by the fallback."""
        own = None if self.own is None else self._detect(self.own, series, new, self.own_name, self.own_residuals)
        if own is not None and self.own_detector_active:
            return own
        own_start = new if own is None else first_true(np.isfinite(own.score))
        if own is not None and own_start == 0:
            return own
        fallback = self._detect_fallback(series, new)
        if self.seasonal is not None:
            seasonal = self._detect(self.seasonal, series, new, SEASONAL_FALLBACK, self.seasonal_residuals)
            positions = np.arange(new) + new * np.isfinite(seasonal.score)
            fallback = concatenate((fallback, seasonal)).take(positions, fallback.cursor)
        if own is None or own_start == new:
            return fallback
        return concatenate((fallback.part(0, own_start), own.part(own_start, new)))

    def _detect_fallback(self, series: Series, new: int) -> ScoredPoints:
        """Scores the last `new` points by the fallback, its band widened to earlier excursions."""
        scored = self._detect(self.fallback, series, new, FALLBACK, 0)
        window = np.array(self.fallback.params["window"])
        full_confidence = float(band_confidence(WINDOW_COEFFICIENTS[FALLBACK], window))
        return widen_band(scored, series, self.thresholds[FALLBACK], full_confidence)

    def _detect(self, detector: Detector, series: Series, new: int, name: str, residuals: int) -> ScoredPoints:
        detection = detector.detect_last(series, new)
        self.thresholds[name] = detection.threshold
        confidences = confidence(series, detection.params, new, name, residuals)
        return last_scored(detection, new, name, self.stream.cursor + new, confidences)

    @property
    def threshold(self) -> float:
        """Threshold of the detector that scored the newest point; NaN where none did since the stream was loaded."""
        return self.thresholds.get(self.newest.judged_by or "", UNKNOWN)


def in_event(stream: Stream, since: int) -> bool:
    """Whether an event is open in a stream whose last anomaly lies `since` points back."""
    return since <= merge_gap(stream)


def merge_gap(stream: Stream) -> int:
    """Maximum number of points between two anomalies of one event of a stream."""
    return int(stream.params.get("merge_gap", DEFAULT_MERGE_GAP))


def last_scored(
    detection: Detection, new: int, name: str, cursor: int, confidences: Floats | float = np.nan
) -> ScoredPoints:
    """The last `new` points of a detection of the detector `name`, of which the last has this cursor.

    confidences  (new,) of the points that have a score
    """
    start = len(detection.series) - new
    expected = detection.expected[start:]
    score = detection.score[start:]
    lower, upper = band(expected, detection.margin[start:])
    scored = np.isfinite(score)
    return ScoredPoints(
        None if detection.series.times is None else detection.series.times[start:],
        detection.series.values[start:],
        expected,
        lower,
        upper,
        score,
        score > detection.threshold,
        tuple(name if each else None for each in scored.tolist()),
        confidence=np.where(scored, confidences, np.nan),
        late=np.zeros(new, np.bool_),
        cursor=cursor,
    )


def first_true(flags: Bools) -> int:
    """The position of the first true flag, or the number of flags."""
    return int(np.argmax(flags)) if flags.any() else len(flags)


def merge(one: Series, other: Series) -> tuple[Series, np.ndarray]:
    """Two series with times, none of them in both, in the order of time; and the positions of the other's points."""
    times = np.concatenate((_times(one, other), _times(other, one)))
    values = np.concatenate((one.values, other.values))
    order = np.argsort(times, kind="stable")
    return Series(times[order], values[order]), np.flatnonzero(order >= len(one))


def points_since_anomaly(flags: Bools, before: int = 10**9) -> int:
    """The number of points after the last anomaly, where there were `before` of them before these."""
    return first_true(flags[::-1]) if flags.any() else before + len(flags)


def copy_from(series: Series, start: int) -> Series:
    """A copy of the points from `start` on, which does not hold the memory of those before."""
    start = max(start, 0)
    return Series(None if series.times is None else series.times[start:].copy(), series.values[start:].copy())


def _times(tail: Series, new: Series) -> np.ndarray:
    return np.empty(0, "datetime64[ms]") if tail.times is None else tail.times
