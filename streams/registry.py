"""The streams in memory, by name; each is read from the store when it is first asked for."""

import threading
from collections.abc import Iterable

import numpy as np

from anomaly_detection import Detector, detector_named
from errors import NotFound, StaleState
from events.scored_points import unscored
from store import SavedFit, Silences, Stream, StreamStore
from streams.arrival_intervals import NEWEST, ArrivalIntervals
from streams.cold_start_band import LOOK_BACK
from streams.stream_state import EARLY, StreamState
from timeseries import Series

RESIDUALS = "residuals"
"""Kept beside a detector's own state: how many known values it learned from."""
NO_POINTS = Series(None, np.empty(0))


def find(name: str) -> type[Detector]:
    """A detector by name. Raises UnknownName. Imported when first asked for: torch takes longer to import than the
    server to start."""
    from detectors import DETECTORS

    return detector_named(name, DETECTORS)


def not_found(name: str) -> NotFound:
    """The error for a stream that does not exist."""
    return NotFound(f"There is no stream {name!r}; create it with PUT.", name=name)


def restored(fit: SavedFit) -> Detector | None:
    """The detector of a saved fit; None where another version saved it: the next point has it fitted again."""
    try:
        return find(fit.detector).from_state(fit.state)
    except StaleState:
        return None


class StreamRegistry:
    """At most as many as there are streams. Safe to use from many threads."""

    def __init__(self, store: StreamStore) -> None:
        self._store, self._silences = store, Silences(store.database)
        self._lives: dict[str, StreamState] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> StreamState:
        """A stream. Raises NotFound."""
        live = self._lives.get(name)
        if live is None:
            with self._lock:
                live = self._lives.get(name) or self._loaded(name)
                self._lives[name] = live
        return live

    def begin(self, stream: Stream) -> None:
        """Takes in a stream that was just made: there is nothing of it to be read."""
        with self._lock:
            self._lives.setdefault(
                stream.name, StreamState(stream, unscored(None, np.empty(0), 0), find(EARLY).fit(NO_POINTS))
            )

    def holds(self, name: str) -> bool:
        """Whether a stream is in memory."""
        return name in self._lives

    def loaded(self, name: str) -> StreamState | None:
        """A stream, if it is in memory."""
        with self._lock:
            return self._lives.get(name)

    def find(self, name: str) -> StreamState | None:
        """A stream, if there is one."""
        try:
            return self.get(name)
        except NotFound:
            return None

    def all(self) -> list[StreamState]:
        """The streams that are in memory."""
        with self._lock:
            return list(self._lives.values())

    def drop(self, lives: Iterable[StreamState]) -> None:
        """Forgets streams in memory; whoever still holds one finds it gone."""
        with self._lock:
            for live in lives:
                live.gone = True
                if self._lives.get(live.stream.name) is live:
                    del self._lives[live.stream.name]

    def _loaded(self, name: str) -> StreamState:
        stream = self._store.stream(name)
        if stream is None:
            raise not_found(name)
        early = find(EARLY).fit(NO_POINTS)
        live = StreamState(stream, self._store.read_latest(stream, LOOK_BACK), early)
        live.pieces = self._store.count_small_chunks(stream.id)
        live.rhythm = self._rhythm(stream)
        fit = self._store.load_fit(stream.id)
        own = None if fit is None else restored(fit)
        if fit is not None and own is not None:
            tail = self._store.read_latest(stream, live.needed(own))
            live.adopt(fit.detector, own, fit.cursor, tail, int(fit.state.get(RESIDUALS, fit.cursor)))
        return live

    def _rhythm(self, stream: Stream) -> ArrivalIntervals:
        """The rhythm that is kept, or the one that the newest points show."""
        kept = self._silences.load_arrival_intervals(stream.id)
        if kept is not None:
            return ArrivalIntervals.from_plain(kept)
        return ArrivalIntervals.of(self._store.read_latest(stream, NEWEST + 1).times)
