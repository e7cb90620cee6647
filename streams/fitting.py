"""When the detector of a stream is fitted, what on, and how the stream goes over to it."""

from dataclasses import dataclass

from anomaly_detection import Detector
from detectors import find_detector
from store import Labels, SavedFit, StreamStore
from streams import demo
from streams.cold_start import ColdStart
from streams.demo import Demo
from streams.fitter import FIRST, REFIT
from streams.registry import RESIDUALS, StreamRegistry, not_found
from streams.stream_state import StreamState, merge_gap
from streams.training_data import MAX_TRAINING_POINTS, count_known, mask_anomalies

FIRST_REFIT = 100
"""Number of points at which a detector that needs no history is first fitted on some."""


@dataclass(frozen=True)
class Fitting:
    """Fits the detectors of streams.

    growth  a detector is fitted again once its stream has this many times the points of the last fit
    """

    store: StreamStore
    registry: StreamRegistry
    labels: Labels
    cold_start: ColdStart
    demo: Demo
    growth: float

    def due_priority(self, state: StreamState) -> int | None:
        """The priority of the fit that is due after the last point of a stream; None where none is."""
        stream = state.stream
        min_history = find_detector(stream.detector).min_history
        if stream.points < min_history:
            return None
        if stream.cursor < max(min_history, FIRST_REFIT if state.own else 0, self.growth * state.fitted_at):
            return None
        return REFIT if state.own else FIRST

    def fit(self, name: str) -> None:
        """Fits a stream's detector on its stored points; the next point is scored by it. Raises NotFound."""
        stream = self.store.stream(name)
        if stream is None:
            raise not_found(name)
        detector = find_detector(stream.detector)
        if name == demo.NAME:
            self.demo.adopt(stream.detector, detector.fit(self.demo.training_data(), **stream.params))
            return
        state = self.registry.get(name)
        if stream.points < detector.min_history:
            self.cold_start.check_season(state)
            return
        history = self.store.read_latest(stream, MAX_TRAINING_POINTS)
        series = mask_anomalies(history, merge_gap(stream), self.labels.of(stream.id))
        fitted = detector.fit(series, **stream.params)
        with state.lock:
            changed = (state.stream.detector, state.stream.params) != (stream.detector, stream.params)
            if state.dropped or changed:
                return  # the change has requested another fit
            self.adopt(state, fitted, stream.cursor, count_known(series))

    def adopt(self, state: StreamState, fitted: Detector, cursor: int, residuals: int) -> None:
        """Has a stream scored by its own detector, and stores that. The caller holds the stream's lock.

        cursor     of the last point that it was fitted on
        residuals  number of known values that it was fitted on
        """
        if state.pending_write is not None:
            state.pending_write.result()
        stream = state.stream
        tail = self.store.read_latest(stream, state.tail_size(fitted))
        state.adopt(stream.detector, fitted, cursor, tail, residuals)
        detector_state = {**fitted.state(), RESIDUALS: residuals}
        self.store.save_fit(stream.id, SavedFit(stream.detector, stream.params, cursor, detector_state))
