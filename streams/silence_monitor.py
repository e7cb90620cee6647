"""Silences: a stream without points for longer than its arrival intervals allow is silent."""

import time
from dataclasses import replace

from store import Silence, Silences
from streams.registry import StreamRegistry
from streams.stream_state import StreamState

CHECK_SECONDS = 1.0
"""Interval of the checks, which compare numbers in memory and read nothing."""
LOADED_PER_CHECK = 50
"""Number of streams read from the store per check after a start, so that those that stay away are noticed too."""
CHECKS_PER_SAVE = 16
"""Number of checks in which the changed intervals of all streams are stored."""
SUSPENDED_SECONDS = 30.0
"""A check this late means that the service did not run: its computer was asleep."""
UNNUMBERED = 0
"""The number of a silence before the store numbers it."""


def clock_with_sleep() -> float:
    """Seconds of a clock that runs while the computer sleeps, where the system has one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SilenceMonitor:
    """Begins and ends the silences of streams. Times are ms since 1970 UTC.

    While the service did not run no point could arrive, so silences are measured from its return at the earliest.
    """

    def __init__(self, store: Silences, registry: StreamRegistry, except_for: str) -> None:
        self._store = store
        self._registry = registry
        self._except_for = except_for
        self._open: dict[str, Silence] = {}
        self._ended: dict[str, int] = {}
        self._to_load: list[str] = []
        self._running_since = 0
        self._checks = 0
        self._last_poll = clock_with_sleep()

    def load(self, now: int) -> None:
        """Reads the open silences at the start of the service."""
        self._running_since = now
        self._last_poll = clock_with_sleep()
        for name, (silence, last_arrival) in self._store.open().items():
            self._open[name] = silence
            if last_arrival is not None and last_arrival > silence.last_arrival:  # it ended, which was not stored
                self._ended[name] = last_arrival
        self._to_load = self._store.active_streams()[::-1]

    def save(self) -> None:
        """Stores the intervals of the streams in memory."""
        self._save([state for state in self._registry.all_loaded() if state.intervals.count])

    def point_arrived(self, name: str, now: int) -> None:
        """Ends the silence of a stream, if there is one."""
        if name in self._open:
            self._ended.setdefault(name, now)

    def discard(self, name: str) -> None:
        """Forgets the silence of a deleted stream."""
        self._open.pop(name, None)
        self._ended.pop(name, None)

    def is_silent(self, state: StreamState, now: int) -> bool:
        """Whether a stream in memory is silent."""
        return self.is_ongoing(state.stream.name) or self._exceeded_limit(state, now) is not None

    def is_ongoing(self, name: str) -> bool:
        """Whether a silence of a stream has begun and not ended; also of streams that are not in memory."""
        return name in self._open and name not in self._ended

    def poll(self, now: int) -> None:
        """Checks the streams, as the thread does: also notes where the computer slept."""
        clock = clock_with_sleep()
        if clock - self._last_poll > SUSPENDED_SECONDS:
            self._running_since = now
        self._last_poll = clock
        self.check(now)

    def check(self, now: int) -> None:
        """Begins and ends silences, and stores some of the changed intervals. Raises Unavailable."""
        for name in [self._to_load.pop() for _ in range(min(LOADED_PER_CHECK, len(self._to_load)))]:
            self._registry.get_or_none(name)
        self._store_ended()
        states = self._registry.all_loaded()
        begun = {}
        for state in states:
            limit = self._exceeded_limit(state, now)
            if limit is not None and state.stream.name not in self._open:
                begun[state.stream.name] = _new_silence(state, limit, now)
        if begun:
            self._begin(begun)
        self._checks += 1
        share = states[self._checks % CHECKS_PER_SAVE :: CHECKS_PER_SAVE]
        self._save([state for state in share if state.intervals.take_unsaved()])

    def _exceeded_limit(self, state: StreamState, now: int) -> int | None:
        """How long a stream may be without points, ms, if it is so for longer; else None."""
        stream = state.stream
        if (
            stream.last_arrival is None
            or stream.name == self._except_for
            or now - stream.last_arrival <= state.intervals.min_limit
        ):
            return None
        duration = now - max(stream.last_arrival, self._running_since)
        limit = state.intervals.limit(stream.last_time, stream.last_arrival)
        return int(limit) if duration > limit else None

    def _begin(self, begun: dict[str, Silence]) -> None:
        self._open |= begun  # before they are stored: points that arrive meanwhile end them
        stored: dict[str, Silence] = {}
        try:
            stored = self._store.begin(begun)
        finally:
            for name in begun.keys() - stored.keys():
                self.discard(name)
        self._open |= stored
        for name, silence in stored.items():
            state = self._registry.get_or_none(name)
            arrival = None if state is None else state.stream.last_arrival
            if state is None:
                self.discard(name)
            elif arrival is not None and arrival > silence.last_arrival:  # a point arrived before _open had the silence
                self._ended.setdefault(name, arrival)

    def _store_ended(self) -> None:
        ended = dict(self._ended)
        if ended:
            silences = [replace(self._open[name], stop=stop) for name, stop in ended.items() if name in self._open]
            self._store.end(silences)
            for name in ended:
                self.discard(name)

    def _save(self, states: list[StreamState]) -> None:
        if states:
            self._store.save_arrival_intervals({state.stream.id: state.intervals.to_json() for state in states})


def _new_silence(state: StreamState, limit: int, now: int) -> Silence:
    """The silence of a stream that begins now."""
    stream = state.stream
    return Silence(stream.id, UNNUMBERED, stream.cursor, stream.last_time, stream.last_arrival or now, limit, now)
