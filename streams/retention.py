"""One thread forgets points that are older than their stream keeps them."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from errors import BadInput, BadParameter
from store import RetentionStore, Stream, ThrottledLogger, Unavailable
from streams.registry import StreamRegistry
from streams.stream_info import DAY_MS

SHORTEST_DAYS, LONGEST_DAYS = 0.001, 36_500.0
EACH_SECONDS = 60.0
"""Seconds between two looks at all streams."""
FINENESS = 100
"""A stream is looked at so often in the time that it keeps a point, at most once a look."""


class Same(Enum):
    """What is left as it is."""

    SAME = 0


SAME = Same.SAME


class Retention:
    """Forgets, and tells the streams in memory. `now` gives seconds since 1970 UTC."""

    def __init__(self, ages: RetentionStore, lives: StreamRegistry, now: Callable[[], float]) -> None:
        self._ages, self._lives, self._now = ages, lives, now
        self._due: dict[int, int] = {}
        self._complaints = ThrottledLogger()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="aging")

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._end.set()
        self._thread.join()

    def look(self) -> None:
        """Forgets what is due to be forgotten, of all streams. Raises Unavailable."""
        present, limited = int(self._now() * 1000), self._ages.with_retention()
        self._due = {stream_id: self._due.get(stream_id, 0) for stream_id, _, _ in limited}
        for stream_id, name, retention_ms in limited:
            if self._due[stream_id] <= present:
                self._due[stream_id] = present + retention_ms // FINENESS
                self.forget(stream_id, name, retention_ms)

    def forget(self, stream_id: int, name: str, retention_ms: int) -> None:
        """Forgets what is too old of one stream. Raises Unavailable."""
        gone = self._ages.expire(stream_id, int(self._now() * 1000) - retention_ms)
        live = self._lives.loaded(name)
        if live is not None and live.stream.id == stream_id:
            with live.lock:
                live.stream = replace(live.stream, expired_cursor=max(gone, live.stream.expired_cursor))

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self.look()
            except Unavailable as error:
                self._complaints.warn(f"old points could not be forgotten: {error}")
            except Exception:  # one look that fails must not end all forgetting
                logging.getLogger("anomaly").exception("old points could not be forgotten")
            self._end.wait(EACH_SECONDS)


def kept_ms(days: float | Same | None, stream: Stream | None) -> int | None:
    """How long a stream keeps its points, in ms, where somebody asks for so many days; it may not be made yet. Raises
    BadParameter, BadInput for a stream whose points have no times."""
    if days is SAME:
        return stream.retention_ms if stream else None
    if days is None:
        return None
    assert not isinstance(days, Same)
    if not SHORTEST_DAYS <= days <= LONGEST_DAYS:
        message = f"keep_days must lie from {SHORTEST_DAYS} to {LONGEST_DAYS:g} days, or be null."
        raise BadParameter(message, name="keep_days", minimum=SHORTEST_DAYS, maximum=LONGEST_DAYS)
    if stream is not None and stream.timed is False:
        message = "The points of this stream have no times, so none is ever too old; leave out keep_days."
        raise BadInput(message, name="keep_days")
    return round(days * DAY_MS)
