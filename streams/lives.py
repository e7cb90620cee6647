"""The streams in memory, by name; each is read from the store when it is first asked for."""

import threading
from collections.abc import Iterable

import numpy as np

from anomaly_detection import Detector, detector_named
from errors import NotFound
from series import Series
from store import Store
from streams.live import EARLY, Live

NO_POINTS = Series(None, np.empty(0))


def find(name: str) -> type[Detector]:
    """A detector by name. Raises UnknownName. Imported when first asked for: torch takes longer to import than the
    server to start."""
    from detectors import DETECTORS

    return detector_named(name, DETECTORS)


def not_found(name: str) -> NotFound:
    """The error for a stream that does not exist."""
    return NotFound(f"There is no stream {name!r}; create it with PUT.", name=name)


class Lives:
    """At most as many as there are streams. Safe to use from many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lives: dict[str, Live] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Live:
        """A stream. Raises NotFound."""
        live = self._lives.get(name)
        if live is None:
            with self._lock:
                live = self._lives.get(name) or self._loaded(name)
                self._lives[name] = live
        return live

    def drop(self, lives: Iterable[Live]) -> None:
        """Forgets streams in memory; whoever still holds one finds it gone."""
        with self._lock:
            for live in lives:
                live.gone = True
                if self._lives.get(live.stream.name) is live:
                    del self._lives[live.stream.name]

    def _loaded(self, name: str) -> Live:
        stream = self._store.stream(name)
        if stream is None:
            raise not_found(name)
        early = find(EARLY).fit(NO_POINTS)
        live = Live(stream, self._store.newest(stream, early.memory), early)
        live.pieces = self._store.pieces(stream.id)
        fit = self._store.fit(stream.id)
        if fit is not None:
            own = find(fit.detector).from_state(fit.state)
            tail = self._store.newest(stream, max(early.memory, own.memory))
            live.adopt(fit.detector, own, fit.cursor, tail)
        return live
