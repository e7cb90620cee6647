"""The streams in memory, by name; each is read from the store when it is first needed."""

import threading
from collections.abc import Iterable

import numpy as np

from anomaly_detection import Detector
from detectors import find_detector
from errors import NotFound, StaleState
from events.scored_points import unscored
from store import SavedFit, Silences, Stream, StreamStore
from streams.arrival_intervals import MAX_INTERVALS, ArrivalIntervals
from streams.cold_start_band import EXCURSION_POINTS
from streams.stream_state import FALLBACK, StreamState
from timeseries import Series

RESIDUALS = "residuals"
"""Key, beside a detector's own state, of the number of known values it was fitted on."""
NO_POINTS = Series(None, np.empty(0))


def not_found(name: str) -> NotFound:
    """The error for a stream that does not exist."""
    return NotFound(f"There is no stream {name!r}; create it with PUT.", name=name)


def restore_detector(fit: SavedFit) -> Detector | None:
    """The detector of a stored fit; None where another version stored it: the next point requests a new fit."""
    try:
        return find_detector(fit.detector).from_state(fit.state)
    except StaleState:
        return None


class StreamRegistry:
    """The streams that are in memory. Safe to use from many threads."""

    def __init__(self, store: StreamStore) -> None:
        self._store = store
        self._silences = Silences(store.database)
        self._states: dict[str, StreamState] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> StreamState:
        """A stream, read from the store if it is not in memory. Raises NotFound."""
        state = self._states.get(name)
        if state is None:
            with self._lock:
                state = self._states.get(name) or self._load(name)
                self._states[name] = state
        return state

    def get_or_none(self, name: str) -> StreamState | None:
        """A stream, read from the store if it is not in memory; None where there is none."""
        try:
            return self.get(name)
        except NotFound:
            return None

    def add_new(self, stream: Stream) -> None:
        """Adds a stream that was just created, which has nothing to be read."""
        with self._lock:
            no_points = unscored(None, np.empty(0), 0)
            self._states.setdefault(stream.name, StreamState(stream, no_points, _fallback()))

    def is_loaded(self, name: str) -> bool:
        """Whether a stream is in memory."""
        return name in self._states

    def get_loaded(self, name: str) -> StreamState | None:
        """A stream if it is in memory."""
        with self._lock:
            return self._states.get(name)

    def all_loaded(self) -> list[StreamState]:
        """The streams that are in memory."""
        with self._lock:
            return list(self._states.values())

    def drop(self, states: Iterable[StreamState]) -> None:
        """Removes streams from memory, and marks them `dropped` for threads that still hold them."""
        with self._lock:
            for state in states:
                state.dropped = True
                if self._states.get(state.stream.name) is state:
                    del self._states[state.stream.name]

    def _load(self, name: str) -> StreamState:
        stream = self._store.stream(name)
        if stream is None:
            raise not_found(name)
        state = StreamState(stream, self._store.read_latest(stream, EXCURSION_POINTS), _fallback())
        state.small_chunks = self._store.count_small_chunks(stream.id)
        state.intervals = self._load_intervals(stream)
        fit = self._store.load_fit(stream.id)
        own = None if fit is None else restore_detector(fit)
        if fit is not None and own is not None:
            tail = self._store.read_latest(stream, state.tail_size(own))
            state.adopt(fit.detector, own, fit.cursor, tail, int(fit.state.get(RESIDUALS, fit.cursor)))
        return state

    def _load_intervals(self, stream: Stream) -> ArrivalIntervals:
        """The stored intervals, or those between the newest points."""
        stored = self._silences.load_arrival_intervals(stream.id)
        if stored is not None:
            return ArrivalIntervals.from_json(stored)
        return ArrivalIntervals.from_times(self._store.read_latest(stream, MAX_INTERVALS + 1).times)


def _fallback() -> Detector:
    return find_detector(FALLBACK).fit(NO_POINTS)
