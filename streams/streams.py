"""Streams: create, push, read, change, delete."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from threading import Event
from typing import Any

from detectors import find_detector
from errors import BadInput, BadParameter, LimitExceeded
from events.policy import Policy
from events.scored_points import ScoredPoints
from parameters import check_arguments
from store import Label, Labels, RetentionStore, Silences, Stream, StreamStore
from streams import demo, retention, silence_monitor
from streams.cold_start import ColdStart
from streams.demo import Demo
from streams.events import EventCursor, EventLogs, StreamEvent, silence_event
from streams.fitter import Fitter
from streams.fitting import Fitting
from streams.ingest import parse_points
from streams.names import check_name
from streams.periodic import Periodic
from streams.pipeline import Pipeline
from streams.recent_cache import CACHED_POINTS, RecentCache
from streams.registry import NO_POINTS, StreamRegistry, not_found
from streams.retention import UNCHANGED, Retention, Unchanged, resolve_retention
from streams.silence_monitor import SilenceMonitor
from streams.snapshot import NO_POINT, UNKNOWN, LastPoints, NewestPoint, StreamSnapshot, StreamsSnapshot, Work
from streams.stream_info import StreamInfo, stored_state
from streams.stream_state import StreamState, in_event, merge_gap, points_since_anomaly
from streams.window_events import window_events
from streams.writer import Writer, unavailable_as_write_failed
from timeseries import Limits, Repair, Series, Times
from timeseries.table import DEFAULT_LIMITS

PUT_SECONDS = 1.0
"""How long a change of a stream waits for the fit, so that the next point is scored by the new detector."""

MAX_CAPACITY = 10**9

DEFAULT_DETECTOR = "lstm"
"""Not the default for files: see docs/decisions/0018-default-to-auto-for-files-and-lstm-for-streams.md."""


class Streams:
    """All streams of a store. Safe to use from many threads between `start` and `stop`.

    A pushed point goes through `pipeline.Pipeline`, which scores it, and `writer.Writer`, which makes it durable;
    `fitter.Fitter` fits detectors meanwhile, and `tick` is the work that is due by the clock.

    capacity     default number of points that a stream stores
    max_streams  maximum number of streams
    growth       a detector is fitted again once its stream has this many times the points of the last fit
    periodic     whether threads do the work of `tick`; without, the caller does
    now          clock: the present, seconds since 1970 UTC
    """

    def __init__(
        self,
        store: StreamStore,
        *,
        capacity: int = 100_000,
        max_streams: int = 10_000,
        limits: Limits = DEFAULT_LIMITS,
        growth: float = 2.0,
        periodic: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self._capacity = capacity
        self.max_streams = max_streams
        self._limits = limits
        self._clock = now
        self._silences = Silences(store.database)
        self._labels = Labels(store.database)
        self._registry = StreamRegistry(store)
        self._recent = RecentCache()
        self._last_points = LastPoints(store)
        self._event_logs = EventLogs(self.read)
        self._demo = Demo(now)
        self._writer = Writer(store, self._recent.append, self._registry.drop)
        cold_start = ColdStart(store, self._labels)
        self._fitting = Fitting(store, self._registry, self._labels, cold_start, self._demo, growth)
        self._fitter = Fitter(self._fitting.fit)
        self._silence_monitor = SilenceMonitor(self._silences, self._registry, except_for=demo.NAME)
        self._retention = Retention(RetentionStore(store.database), self._registry)
        self._pipeline = Pipeline(
            store, self._registry, self._writer, cold_start, self._silence_monitor, self._request_due_fit, now
        )
        self._periodic = self._make_periodic() if periodic else ()

    def _make_periodic(self) -> Sequence[Periodic]:
        return (
            Periodic(
                lambda: self._silence_monitor.poll(self._now_ms()),
                name="silence",
                failure="silences could not be checked",
                seconds=silence_monitor.CHECK_SECONDS,
                delay=silence_monitor.CHECK_SECONDS,
            ),
            Periodic(
                lambda: self._retention.check(self._now_ms()),
                name="retention",
                failure="old points could not be deleted",
                seconds=retention.CHECK_SECONDS,
                delay=0.0,
            ),
        )

    def start(self) -> None:
        """Starts the threads."""
        self._writer.start()
        self._fitter.start()
        if self.store.stream(demo.NAME) is None:
            self.store.put(demo.NAME, DEFAULT_DETECTOR, {}, self._capacity)
        self._fitter.request(demo.NAME)
        self._silence_monitor.load(self._now_ms())
        for each in self._periodic:
            each.start()

    def stop(self) -> None:
        """Ends the threads; acknowledged points are written."""
        for each in self._periodic:
            each.stop()
        self._silence_monitor.save()
        self._fitter.stop(timeout=0.5)
        self._writer.stop()

    def tick(self, now: float | None = None) -> None:
        """Does once the work that is due by the clock: deletes old points, begins and ends silences.

        now  seconds since 1970 UTC; None: by the clock. Raises Unavailable.
        """
        now_ms = self._now_ms() if now is None else int(now * 1000)
        self._retention.check(now_ms)
        self._silence_monitor.check(now_ms)

    def put(
        self,
        name: str,
        detector: str | None = None,
        params: Mapping[str, Any] | None = None,
        capacity: int | None = None,
        retention_days: float | Unchanged | None = UNCHANGED,
    ) -> StreamInfo:
        """Creates or changes a stream: the next point is scored by the new detector, once it is fitted.

        What is left out stays as it is, or is the default; `retention_days` None: points do not expire. Raises BadInput
        for a name, UnknownName, BadParameter, LimitExceeded.
        """
        check_name(name)
        if capacity is not None and not 1 <= capacity <= MAX_CAPACITY:
            raise BadParameter(f"capacity must lie from 1 to {MAX_CAPACITY} points.", name="capacity")
        existing = self.store.stream(name)
        if existing is not None and detector in {None, existing.detector}:
            detector = existing.detector
            params = existing.params if params is None else params
        detector = detector or DEFAULT_DETECTOR
        check_arguments(find_detector(detector).fit, params or {})
        unfitted = find_detector(detector).fit(NO_POINTS, **(params or {}))
        if existing is None and self.store.count() >= self.max_streams:
            raise self._too_many_streams()
        capacity = capacity or (existing.capacity if existing else self._capacity)
        retention_ms = resolve_retention(retention_days, existing)
        if name == demo.NAME and retention_ms is not None:
            message = "The points of the stream demo are not stored, so they do not expire; leave out retention_days."
            raise BadInput(message, name="retention_days")
        stream = self.store.put(name, detector, unfitted.params, capacity, retention_ms)
        state = self._registry.get(name)
        with state.lock:
            state.stream = replace(
                state.stream, detector=detector, params=stream.params, capacity=capacity, retention_ms=retention_ms
            )
            if not unfitted.min_history and name != demo.NAME:
                self._fitting.adopt(state, unfitted, cursor=0, residuals=0)
        if retention_ms is not None:
            self._retention.expire(stream.id, name, self._now_ms() - retention_ms)
        if name == demo.NAME or stream.cursor >= unfitted.min_history:
            self._fitter.request(name).wait(PUT_SECONDS)
        return self.get(name)

    def missing(self, names: Sequence[str]) -> list[str]:
        """The names without a stream, by one query for all. Raises WriteFailed."""
        with unavailable_as_write_failed():
            return self.store.missing_names([name for name in names if not self._registry.is_loaded(name)])

    def create_many(self, names: Sequence[str]) -> dict[str, BadInput]:
        """Creates the streams that do not exist, with the defaults. Returns the error of each that was not created."""
        refused: dict[str, BadInput] = {}
        for name in names:
            try:
                check_name(name)
            except BadInput as error:
                refused[name] = error
        valid = [name for name in names if name not in refused]
        free = max(self.max_streams - self.store.count(), 0)
        refused.update({name: self._too_many_streams() for name in valid[free:]})
        params = find_detector(DEFAULT_DETECTOR).fit(NO_POINTS).params
        for stream in self.store.create_missing(valid[:free], DEFAULT_DETECTOR, params, self._capacity):
            self._registry.add_new(stream)
        return refused

    def _too_many_streams(self) -> LimitExceeded:
        message = f"There are {self.max_streams} streams already; delete one first."
        return LimitExceeded(message, limit=self.max_streams, setting="max_streams")

    def push(
        self,
        name: str,
        times: Times | Sequence[int | float | str] | None,
        values: Sequence[float | None],
    ) -> ScoredPoints:
        """Scores points and stores them; returns once they are durable. All or nothing.

        The result has the points in the order of time: stored ones with the scores they have, late ones scored and
        stored; see `repairs` and docs/reference/streams.md. Raises BadInput with the `index` of a bad point, NotFound,
        WriteFailed.
        """
        series, repairs = parse_points(times, values, self._limits)
        return self.push_series(name, series, repairs)

    def push_series(self, name: str, series: Series, repairs: tuple[Repair, ...] = ()) -> ScoredPoints:
        """Pushes points that are parsed already, with the repairs that this took."""
        with self._writer.admit():
            scored, write = self._pipeline.accept(name, series)
            if write is not None:
                write.result()
        return replace(scored, repairs=(*repairs, *scored.repairs))

    def push_nowait(
        self,
        name: str,
        times: Times | Sequence[int | float | str] | None,
        values: Sequence[float | None],
    ) -> tuple[ScoredPoints, Future[None] | None]:
        """Push points without waiting: they are durable once the Future is done, or already if None is returned."""
        series, repairs = parse_points(times, values, self._limits)
        with self._writer.admit():
            scored, write = self._pipeline.accept(name, series)
        return (replace(scored, repairs=(*repairs, *scored.repairs)) if repairs else scored), write

    def push_many(
        self, batches: Mapping[str, tuple[Times, Sequence[float | None]]]
    ) -> dict[str, ScoredPoints | BadInput]:
        """Pushes times and values to many streams, whose writes share commits. Returns for each name the scored points
        or why they were refused. Raises WriteFailed."""
        results: dict[str, ScoredPoints | BadInput] = {}
        writes = []
        with self._writer.admit():
            for name, (times, values) in batches.items():
                try:
                    series, repairs = parse_points(times, values, self._limits)
                    scored, write = self._pipeline.accept(name, series)
                except BadInput as error:
                    results[name] = error
                else:
                    results[name] = replace(scored, repairs=(*repairs, *scored.repairs))
                    writes.append(write)
            for write in writes:
                if write is not None:
                    write.result()
        return results

    def read(self, name: str, after: int | None = None, limit: int = 1000) -> ScoredPoints:
        """At most `limit` points after a cursor; the newest without one, or with one that the stream never returned."""
        if name == demo.NAME:
            newest = self._demo.cursor
            start = newest - limit if after is None or not 0 <= after <= newest else after
            return self._demo.read(start, min(start + limit, newest))
        state = self._registry.get(name)
        if after is not None:
            recent = self._recent.read(state, max(after, _first_readable(state)), limit)
            if recent is not None:
                return recent
        stream = self._stored(name)
        if after is None or not 0 <= after <= stream.cursor:
            after = stream.cursor - limit
        if after >= stream.cursor - min(CACHED_POINTS, stream.points):
            self._recent.put(state, self.store.read_newest(stream, CACHED_POINTS))
        return self.store.read(stream, after, limit)

    def read_with_events(
        self, name: str, after: int | None = None, limit: int = 1000
    ) -> tuple[ScoredPoints, list[StreamEvent]]:
        """The points that `read` returns, and the events that they belong to; see `window_events`."""
        points = self.read(name, after, limit)
        gap = merge_gap(self._registry.get(name).stream)
        return points, window_events(points, lambda cursor, size: self.read(name, cursor, size), gap)

    def events(self, name: str, policy: Policy) -> tuple[list[StreamEvent], EventCursor]:
        """The events of a stream by a policy, the newest first, and the cursor of what they include.

        Raises NotFound.
        """
        stream = self._stored(name)
        if name == demo.NAME:
            cursor = self._demo.cursor
            return self._event_logs.events(name, stream.id, (cursor - demo.CACHED_POINTS, cursor), policy, ())
        durable = self._registry.get(name).durable_cursor
        span = (max(0, durable - stream.capacity, stream.expired_cursor), durable)
        return self._event_logs.events(name, stream.id, span, policy, self._silences.of(stream.id))

    def silences(self, name: str, after: int) -> list[StreamEvent]:
        """The silences of a stream since the point after a cursor, the newest first. Raises NotFound."""
        silences = self._silences.of(self._stored(name).id)
        return [silence_event(silence) for silence in silences if silence.cursor > after]

    def labels(self, name: str) -> tuple[list[Label], bool]:
        """The labels of a stream's points, and whether these have times. Raises NotFound."""
        stream = self._stored(name)
        return self._labels.of(stream.id), bool(stream.timed)

    def put_labels(self, name: str, labels: Sequence[Label]) -> None:
        """Replaces the labels of a stream, and requests a fit that respects them. Raises NotFound."""
        if not self._labels.put(self._stored(name).id, labels):
            raise not_found(name)
        if name != demo.NAME:
            self._fitter.request(name)

    def request_fit(self, name: str) -> Event:
        """Requests a fit of a stream's detector; the event is set when it is done."""
        return self._fitter.request(name)

    def list(self, limit: int = 100, after: str = "") -> list[StreamInfo]:
        """Streams by name, those after `after`."""
        return [self._info(stream) for stream in self.store.streams(limit, after)]

    def get(self, name: str) -> StreamInfo:
        """A stream. Raises NotFound."""
        return self._info(self._stored(name))

    def delete(self, name: str, before: Callable[[str], None] = lambda _: None) -> None:
        """Deletes a stream and its points, after its pending writes and after `before` was called with its name.

        Raises NotFound, BadInput for the demo stream.
        """
        if name == demo.NAME:
            raise BadInput("The stream demo cannot be deleted.", name=name)
        state = self._registry.get(name)
        with state.lock:
            if state.dropped:
                raise not_found(name)
            if state.pending_write is not None:
                state.pending_write.exception()  # waits; an error reaches the request that pushed
            before(name)
            self.store.delete(state.stream.id)
            self._registry.drop([state])
            self._silence_monitor.discard(name)
            self._event_logs.discard(name)

    def snapshot(self, limit: int) -> StreamsSnapshot:
        """The streams as monitoring sees them, `limit` of them by name. Takes a few queries, whatever the number of
        streams, and reads no points of those that did not grow."""
        stored = self.store.streams(limit)
        states = {state.stream.name: state for state in self._registry.all_loaded()}
        names = {stream.name for stream in stored}
        last = self._last_points.read([each for each in stored if each.name not in states and each.cursor])
        named = [self._snapshot(stream, states.get(stream.name), last.get(stream.id)) for stream in stored]
        others = (self._status(state) for name, state in states.items() if name not in names)
        return StreamsSnapshot.count_states(named, others, self.store.count())

    def work(self) -> Work:
        """The work of the threads since the start."""
        writer = self._writer
        fitter = self._fitter
        return Work(writer.points, writer.pushes, writer.commits, writer.waiting, fitter.fits, fitter.waiting)

    def _snapshot(self, stream: Stream, state: StreamState | None, last: ScoredPoints | None) -> StreamSnapshot:
        name = stream.name
        if name == demo.NAME:
            cursor = self._demo.cursor
            newest = NewestPoint.last_of(self._demo.read(cursor - 1, cursor)) or NO_POINT
            status = self._demo.status(cursor, stream)
            return StreamSnapshot(name, cursor, 0, newest, UNKNOWN, status, status == "anomalous")
        if state is not None:
            return StreamSnapshot(
                name=name,
                points=state.stream.cursor,
                anomalies=state.anomalies,
                newest=state.newest,
                threshold=state.threshold,
                state=self._status(state),
                anomalous=state.in_event,
            )
        newest = (last and NewestPoint.last_of(last)) or NO_POINT
        anomalous = last is not None and in_event(stream, points_since_anomaly(last.is_anomaly))
        status = stored_state(stream, self._silence_monitor.is_ongoing(name), anomalous)
        return StreamSnapshot(name, stream.cursor, 0, newest, UNKNOWN, status, anomalous)

    def _info(self, stream: Stream) -> StreamInfo:
        if stream.name == demo.NAME:
            cursor = self._demo.cursor
            status = self._demo.status(cursor, stream)
            stream = replace(stream, cursor=cursor, last_time=cursor * demo.STEP_MS)
            return StreamInfo.from_stream(stream, status, stream.detector)
        state = self._registry.get(stream.name)
        return StreamInfo.from_stream(stream, self._status(state), state.next_detector)

    def _status(self, state: StreamState) -> str:
        return "silent" if self._silence_monitor.is_silent(state, self._now_ms()) else state.status

    def _stored(self, name: str) -> Stream:
        stream = self.store.stream(name)
        if stream is None:
            raise not_found(name)
        return stream

    def _request_due_fit(self, state: StreamState) -> None:
        priority = self._fitting.due_priority(state)
        if priority is not None:
            self._fitter.request(state.stream.name, priority)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _first_readable(state: StreamState) -> int:
    """The cursor before the first durable point that can be read."""
    return max(state.durable_cursor - state.stream.capacity, state.stream.expired_cursor)
