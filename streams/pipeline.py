"""The way of pushed points: checked, scored, handed to the writer."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from errors import BadInput
from events.scored_points import ScoredPoints, concatenate, unscored
from store import AppendedPoints, StreamStore
from streams import demo
from streams.cold_start import ColdStart
from streams.ingest import check_points, split_by_newest
from streams.late_points import score_old_points
from streams.registry import StreamRegistry
from streams.silence_monitor import SilenceMonitor
from streams.stream_state import StreamState
from streams.writer import Writer, unavailable_as_write_failed
from timeseries import Series

CHUNKS_PER_MERGE = 64
"""Number of small chunks of a stream after which they are merged."""

Result = tuple[ScoredPoints, Future[None] | None]
"""The scored points of a push, and the Future that is done once they are durable; None where nothing is written."""


@dataclass(frozen=True)
class Pipeline:
    """Scores pushed points and hands them to the writer.

    on_scored  called with the stream after its points were handed over
    clock      the present, seconds since 1970 UTC
    """

    store: StreamStore
    registry: StreamRegistry
    writer: Writer
    cold_start: ColdStart
    silence_monitor: SilenceMonitor
    on_scored: Callable[[StreamState], None]
    clock: Callable[[], float]

    @unavailable_as_write_failed()
    def accept(self, name: str, series: Series) -> Result:
        """Scores points and hands those that are new to the writer. Raises BadInput, NotFound, WriteFailed."""
        if name == demo.NAME:
            raise BadInput("The stream demo makes its own points; push to another stream.", name=name)
        while True:
            state = self.registry.get(name)
            with state.lock:
                if not state.dropped:
                    return self._accept(state, series)

    def _accept(self, state: StreamState, series: Series) -> Result:
        now = int(self.clock() * 1000)
        check_points(series, state.stream, now)
        old, new = split_by_newest(series, state.stream)
        if not len(old):
            scored = self._score_new(state, new, now)
            return scored, self._write(state, scored)
        if state.pending_write is not None:
            state.pending_write.result()  # the stored points are searched for the old ones
        scored_old, late, repairs = score_old_points(old, state, self.store, now)
        if len(late) and not len(new):
            state.observe_late_arrival(now)
            self.silence_monitor.point_arrived(state.stream.name, now)
        scored = self._score_new(state, new, now)
        write = self._write(state, concatenate((late, scored)))
        return replace(concatenate((scored_old, scored)), repairs=repairs), write

    def _score_new(self, state: StreamState, new: Series, now: int) -> ScoredPoints:
        """Scores points newer than the stream's newest."""
        if not len(new):
            return unscored(new.times, new.values, state.stream.cursor)
        state.intervals.observe_points(new.times, state.stream.last_time, now)
        scored = self.cold_start.score(state, new, now)
        self.silence_monitor.point_arrived(state.stream.name, now)
        return scored

    def _write(self, state: StreamState, points: ScoredPoints) -> Future[None] | None:
        """Hands points to the writer; None where there are none."""
        if not len(points):
            return None
        state.small_chunks += 1
        merge = state.small_chunks >= CHUNKS_PER_MERGE
        if merge:
            state.small_chunks = 1
        write = self.writer.append(AppendedPoints(state.stream, points, merge), state)
        state.pending_write = write
        self.on_scored(state)
        return write
