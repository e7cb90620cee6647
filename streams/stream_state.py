"""One stream in memory: the last points, the detector, and how new points are judged."""

import threading
from concurrent.futures import Future
from dataclasses import replace

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, Detector, edges
from events.scored_points import ScoredPoints, concatenate
from store import Stream
from streams.arrival_intervals import ArrivalIntervals
from streams.cold_start_band import LOOK_BACK, familiar
from streams.confidence import WINDOWED, confidence, sure
from streams.snapshot import NOTHING, UNKNOWN, Newest
from timeseries import Bools, Floats, Series

FEWEST = 11
"""Known values before a point without which EARLY does not judge it; a test holds it to that."""
EARLY, SEASONAL = "robust_zscore", "seasonal_naive"
"""Judge while a stream's own detector cannot yet: the first from the twelfth point on, the second once a period is
known and can be trusted."""


class StreamState:
    """What is needed to judge the next point; everything here can be read from the store again.

    lock    held while points are judged and handed to the writer, so that they follow one another
    ready   whether its own detector, when it was adopted, could judge the next point
    gone    deleted, or its points could not be written: whoever finds this must ask for the stream again
    kept    done when the last points handed to the writer are durable
    durable the cursor of the last point that is durable
    newest  the newest point that did not come late
    anomalies  found since it is in memory
    thresholds  of those who judged since then, by name
    """

    def __init__(self, stream: Stream, tail: ScoredPoints, early: Detector) -> None:
        self.stream, self.early = stream, early
        self.own: Detector | None = None
        self.own_name, self.fitted_at = "", 0
        self.own_residuals = 0
        self.ready = False
        self.seasonal: Detector | None = None
        self.seasonal_residuals = self.seasonal_at = 0
        self.tail = Series(tail.times, tail.values)
        self.calm = calm_since(tail.is_anomaly[~tail.late])
        self.lock = threading.RLock()
        self.gone = False
        self.kept: Future[None] | None = None
        self.durable = stream.cursor
        self.pieces = 0
        self.rhythm = ArrivalIntervals()
        self.newest = Newest.of(tail) or NOTHING
        self.anomalies = 0
        self.thresholds: dict[str, float] = {}

    def adopt(self, name: str, own: Detector, fitted_at: int, tail: ScoredPoints, residuals: int) -> None:
        """Judges with this detector from the next point on; `tail` are the last points, as many as it needs. It learned
        its band from so many residuals."""
        self.own, self.own_name, self.fitted_at, self.own_residuals = own, name, fitted_at, residuals
        self.tail = Series(tail.times, tail.values)

        self.ready = self._can_judge_next()

    def adopt_seasonal(self, seasonal: Detector | None, residuals: int, tail: ScoredPoints) -> None:
        """Until its own detector judges, judges with this one wherever it can; None where there is none to trust."""
        self.seasonal, self.seasonal_residuals = seasonal, residuals
        self.tail = Series(tail.times, tail.values)

    @property
    def memory(self) -> int:
        """How many points `tail` must have, if there are that many."""
        most = max(each.memory for each in (self.early, self.seasonal, self.own) if each)
        return most if self.warm else max(most, LOOK_BACK)

    def needed(self, own: Detector) -> int:
        """How many points `adopt` must be given, if there are that many, for this detector."""
        return max(self.memory, own.memory, LOOK_BACK)

    @property
    def warm(self) -> bool:
        """Whether its own detector has judged: from then on it is judged by that alone."""
        return self.own is not None and self.own_name in self.stream.detector_names

    @property
    def state(self) -> str:
        """warming_up, anomalous (an event is open) or normal."""
        return ("anomalous" if self.in_event else "normal") if self.warm or self.ready else "warming_up"

    @property
    def judge_of_next(self) -> str | None:
        """The detector that judges the next point; None where nobody can yet."""
        if self.warm or self.ready:
            return self.own_name
        if self.seasonal is not None:
            return SEASONAL
        return EARLY if np.count_nonzero(np.isfinite(self.tail.values[-self.early.memory :])) >= FEWEST else None

    def _can_judge_next(self) -> bool:
        """Whether its own detector could judge a point that came next, in the usual step."""
        if self.own is None or not len(self.tail):
            return False
        step, last = self.tail.step_ms or 1, self.tail.times
        whole = Series(
            None if last is None else np.append(last, last[-1] + np.timedelta64(step, "ms")),
            np.append(self.tail.values, 0.0),
        )
        return bool(np.isfinite(self.own.detect_last(whole, 1).score[-1]))

    @property
    def in_event(self) -> bool:
        """Whether an event is open: the next anomaly would still belong to it."""
        return in_event(self.stream, self.calm)

    def judge(self, new: Series, seen: int) -> ScoredPoints:
        """Judges the points after the tail and takes them in; `seen` is the present, ms since 1970 UTC."""
        whole = Series(
            None if new.times is None else np.concatenate((_times(self.tail, new), new.times)),
            np.concatenate((self.tail.values, new.values)),
        )
        judged = self._judgement(whole, len(new))
        names = sorted({name for name in judged.judged_by if name} - set(self.stream.detector_names))
        self.stream = replace(
            self.stream,
            cursor=judged.cursor,
            timed=new.times is not None,
            last_time=None if new.times is None else int(new.times[-1].astype(np.int64)),
            last_arrival=seen,
            detector_names=(*self.stream.detector_names, *names),
        )
        self.tail = copied(whole, len(whole) - self.memory)
        self.calm = calm_since(judged.is_anomaly, self.calm)
        self.newest = Newest.of(judged) or self.newest
        self.anomalies += judged.anomalies
        return judged

    def take_late(self, late: Series, before: ScoredPoints) -> ScoredPoints:
        """Judges points older than the newest from those before them in time, and takes them in, each in its place.

        `before` are the points by time that lie between them, and `memory` before the first. The verdicts of points
        after them stay as they were given; an event neither opens nor closes.
        """
        cursor = self.stream.cursor + len(late)
        if not len(late):
            return before.take(np.empty(0, np.intp), cursor)
        whole, place = merged(Series(before.times, before.values), late)
        last_late = int(place[-1]) + 1
        judged = self._judgement(whole.slice(0, last_late), last_late - int(place[0]))
        judged = replace(judged.take(place - place[0], cursor), late=np.ones(len(late), np.bool_))
        names = sorted({name for name in judged.judged_by if name} - set(self.stream.detector_names))
        self.stream = replace(self.stream, cursor=cursor, detector_names=(*self.stream.detector_names, *names))
        tail = merged(self.tail, late)[0]
        self.tail = copied(tail, len(tail) - self.memory)
        return judged

    def came_late(self, present: int) -> None:
        """Late points arrived at the present, ms since 1970 UTC: whoever sends them is not silent."""
        self.rhythm.arrived(present)
        self.stream = replace(self.stream, last_arrival=present)

    def _judgement(self, whole: Series, new: int) -> ScoredPoints:
        """Of the last `new` points: by its own detector from its first verdict on; before, by season where that can be
        trusted, and else by the early one."""
        own = None if self.own is None else self._last(self.own, whole, new, self.own_name, self.own_residuals)
        if own is not None and self.warm:
            return own
        own_from = new if own is None else first(np.isfinite(own.score))
        if own is not None and not own_from:
            return own
        early = self._early(whole, new)
        if self.seasonal is not None:
            seasonal = self._last(self.seasonal, whole, new, SEASONAL, self.seasonal_residuals)
            places = np.arange(new) + new * np.isfinite(seasonal.score)
            early = concatenate((early, seasonal)).take(places, early.cursor)
        if own is None or own_from == new:
            return early
        return concatenate((early.part(0, own_from), own.part(own_from, new)))

    def _early(self, whole: Series, new: int) -> ScoredPoints:
        """Of the last `new` points by the early detector, which knows what the stream did before."""
        judged = self._last(self.early, whole, new, EARLY, 0)
        full = float(sure(WINDOWED[EARLY], np.array(self.early.params["window"])))
        return familiar(judged, whole, self.thresholds[EARLY], full)

    def _last(self, detector: Detector, whole: Series, new: int, name: str, residuals: int) -> ScoredPoints:
        detection = detector.detect_last(whole, new)
        self.thresholds[name] = detection.threshold
        sure = confidence(whole, detection.params, new, name, residuals)
        return last(detection, new, name, self.stream.cursor + new, sure)

    @property
    def threshold(self) -> float:
        """Of who judged the newest point; NaN where nobody did since it is in memory."""
        return self.thresholds.get(self.newest.judged_by or "", UNKNOWN)


def in_event(stream: Stream, calm: int) -> bool:
    """Whether an event is open in a stream whose last anomaly came `calm` points ago."""
    return calm <= int(stream.params.get("merge_gap", DEFAULT_MERGE_GAP))


def last(detection: Detection, new: int, name: str, cursor: int, sure: Floats | float = np.nan) -> ScoredPoints:
    """The last `new` points of a detection, judged by the detector of this name; `sure` (new,) of those it judged."""
    start = len(detection.series) - new
    expected, score = detection.expected[start:], detection.score[start:]
    lower, upper = edges(expected, detection.margin[start:])
    known = np.isfinite(score)
    return ScoredPoints(
        None if detection.series.times is None else detection.series.times[start:],
        detection.series.values[start:],
        expected,
        lower,
        upper,
        score,
        score > detection.threshold,
        tuple(name if told else None for told in known.tolist()),
        confidence=np.where(known, sure, np.nan),
        late=np.zeros(new, np.bool_),
        cursor=cursor,
    )


def first(flags: Bools) -> int:
    """The position of the first true flag, or how many flags there are."""
    return int(np.argmax(flags)) if flags.any() else len(flags)


def merged(one: Series, other: Series) -> tuple[Series, np.ndarray]:
    """Two series with times, none of them in both, in the order of time; and where the other's points stand."""
    times, values = np.concatenate((_times(one, other), _times(other, one))), np.concatenate((one.values, other.values))
    order = np.argsort(times, kind="stable")
    return Series(times[order], values[order]), np.flatnonzero(order >= len(one))


def calm_since(flags: Bools, before: int = 10**9) -> int:
    """How many points came after the last anomaly, of which `before` came before these."""
    return first(flags[::-1]) if flags.any() else before + len(flags)


def copied(series: Series, start: int) -> Series:
    """The points from `start` on, without holding the memory of those before."""
    start = max(start, 0)
    return Series(None if series.times is None else series.times[start:].copy(), series.values[start:].copy())


def _times(tail: Series, new: Series) -> np.ndarray:
    return np.empty(0, "datetime64[ms]") if tail.times is None else tail.times
