"""One thread watches whether streams keep their rhythm: one that is quiet for longer than that allows is silent."""

import logging
import threading
import time
from collections.abc import Callable

from store import Silence, Silences, ThrottledLogger, Unavailable
from streams.registry import StreamRegistry
from streams.stream_state import StreamState

EACH_SECONDS = 1.0
"""Seconds between two looks at all streams: at numbers in memory, not at the store."""
LOADED_AT_ONCE = 50
"""Streams read from the store between two looks after a start, so that those that stay away are noticed too."""
SAVED_IN = 16
"""Looks in which the rhythms of all streams are kept, as far as they changed."""
AWAY_SECONDS = 30.0
"""A look that comes so much too late means that the service was away: stopped, or its computer asleep."""
NEW = 0
"""The number of a silence before the store gives it one."""


def steady() -> float:
    """Seconds that pass while the computer sleeps, too, where the system tells."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SilenceMonitor:
    """The silences that last, and who is to be looked at. `now` gives seconds since 1970 UTC.

    While the service was away nothing could come, so that its absence is no silence: quiet counts from its return.
    """

    def __init__(self, kept: Silences, lives: StreamRegistry, except_for: str, now: Callable[[], float]) -> None:
        self._kept, self._lives, self._except_for, self._now = kept, lives, except_for, now
        self._open: dict[str, Silence] = {}
        self._came: dict[str, int] = {}
        self._to_load: list[str] = []
        self._back = self._looks = 0
        self._complaints = ThrottledLogger()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="quiet")

    def start(self) -> None:
        """Learns which streams are silent, and begins to look."""
        self._back = self._ms()
        for name, (silence, seen) in self._kept.open().items():
            self._open[name] = silence
            if seen is not None and seen > silence.last_arrival:  # it came back, and the end was not kept
                self._came[name] = seen
        self._to_load = self._kept.active_streams()[::-1]
        self._thread.start()

    def stop(self) -> None:
        """Ends, and keeps the rhythms."""
        self._end.set()
        self._thread.join()
        self._save([live for live in self._lives.all() if live.rhythm.count])

    def came(self, name: str, present: int) -> None:
        """Points of a stream came at the present, ms since 1970 UTC."""
        if name in self._open:
            self._came.setdefault(name, present)

    def forget(self, name: str) -> None:
        """A stream was deleted."""
        self._open.pop(name, None)
        self._came.pop(name, None)

    def is_silent(self, live: StreamState) -> bool:
        """Whether a stream is silent at present."""
        return self.lasts(live.stream.name) or self._overdue(live, self._ms()) is not None

    def lasts(self, name: str) -> bool:
        """Whether a silence of a stream has begun and lasts; known of those that are not in memory, too."""
        return name in self._open and name not in self._came

    def look(self) -> None:
        """Begins and ends silences, and keeps what was learned."""
        for name in (self._to_load.pop() for _ in range(min(LOADED_AT_ONCE, len(self._to_load)))):
            self._lives.find(name)
        self._finish()
        present, lives = self._ms(), self._lives.all()
        found = {}
        for live in lives:
            allowed = self._overdue(live, present)
            if allowed is not None and live.stream.name not in self._open:
                found[live.stream.name] = silence_of(live, allowed, present)
        if found:
            self._begin(found)
        self._looks += 1
        self._save([live for live in lives[self._looks % SAVED_IN :: SAVED_IN] if live.rhythm.unsaved()])

    def _overdue(self, live: StreamState, present: int) -> int | None:
        """How long a stream may be quiet, ms, if it is quiet for longer."""
        stream = live.stream
        if (
            stream.last_arrival is None
            or present - stream.last_arrival <= live.rhythm.least
            or stream.name == self._except_for
        ):
            return None
        quiet = present - max(stream.last_arrival, self._back)
        allowed = live.rhythm.allowed(stream.last_time, stream.last_arrival)
        return int(allowed) if quiet > allowed else None

    def _begin(self, found: dict[str, Silence]) -> None:
        self._open |= found  # before they are kept: points that come meanwhile end them
        kept: dict[str, Silence] = {}
        try:
            kept = self._kept.begin(found)
        finally:
            for name in found.keys() - kept.keys():
                self.forget(name)
        self._open |= kept
        for name, silence in kept.items():
            live = self._lives.find(name)
            if live is None:
                self.forget(name)
            elif (
                live.stream.last_arrival is not None and live.stream.last_arrival > silence.last_arrival
            ):  # they came while it was kept
                self._came.setdefault(name, live.stream.last_arrival)

    def _finish(self) -> None:
        over = dict(self._came)
        if over:
            ended = {name: self._open[name] for name in over if name in self._open}
            self._kept.end([Silence(**{**vars(each), "stop": over[name]}) for name, each in ended.items()])
            for name in over:
                self.forget(name)

    def _save(self, lives: list[StreamState]) -> None:
        if lives:
            self._kept.save_arrival_intervals({live.stream.id: live.rhythm.to_plain() for live in lives})

    def _ms(self) -> int:
        return int(self._now() * 1000)

    def _run(self) -> None:
        looked = steady()
        while not self._end.wait(EACH_SECONDS):
            if steady() - looked > AWAY_SECONDS:
                self._back = self._ms()
            looked = steady()
            try:
                self.look()
            except Unavailable as error:
                self._complaints.warn(f"silent streams could not be looked for: {error}")
            except Exception:  # the thread goes on: a database that fails for a while must not end all silences
                logging.getLogger("anomaly").exception("silent streams could not be looked for")


def silence_of(live: StreamState, allowed: int, present: int) -> Silence:
    """The silence of a stream that begins."""
    stream = live.stream
    return Silence(stream.id, NEW, stream.cursor, stream.last_time, stream.last_arrival or present, allowed, present)
