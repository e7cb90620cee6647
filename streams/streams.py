"""Streams: make, push, read, change, forget."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from anomaly_detection import DEFAULT_MERGE_GAP, Detector
from errors import BadInput, BadParameter, LimitExceeded
from events.policy import Policy
from events.scored_points import ScoredPoints, concatenate, unscored
from parameters import check_given
from store import AppendedPoints, Label, Labels, RetentionStore, SavedFit, Silences, Stream, StreamStore
from streams import demo, ingest
from streams.cold_start import ColdStart
from streams.demo import Demo
from streams.events import EventCursor, Events, StreamEvent, silent
from streams.fitter import AGAIN, ASKED_FOR, FIRST, Fitter
from streams.late_points import settle
from streams.names import check_name
from streams.recent_cache import KEPT, Recent
from streams.registry import NO_POINTS, RESIDUALS, StreamRegistry, find, not_found
from streams.retention import SAME, Retention, Same, kept_ms
from streams.silence_monitor import SilenceMonitor
from streams.snapshot import NOTHING, UNKNOWN, Newest, Reading, Readings, Stored, Work
from streams.stream_info import StreamInfo, stored_state
from streams.stream_state import StreamState, calm_since, in_event
from streams.training_data import FIT_ON, known, learnable
from streams.window_events import window_events
from streams.writer import Writer, keeping
from timeseries import Limits, Repair, Series, Times
from timeseries.table import DEFAULT_LIMITS

PIECES = 64
"""Small chunks of a stream after which they are merged."""

FIRST_REFIT = 100
"""Points after which a detector that needs no history is fitted for the first time on some."""

PUT_SECONDS = 1.0
"""How long a change waits for the fit, so that the next point is judged by the new detector."""

MOST_CAPACITY = 10**9

DEFAULT_DETECTOR = "lstm"
"""Not the default for files: see decision 18 in docs/decisions."""


class Streams:
    """All streams of a store. Safe to use from many threads between `start` and `stop`.

    capacity   points a stream keeps unless told otherwise
    most       streams there may be
    growth     a detector is fitted again once its stream has this many times the points of the last fit
    now        the present, seconds since 1970 UTC
    """

    def __init__(
        self,
        store: StreamStore,
        *,
        capacity: int = 100_000,
        most: int = 10_000,
        limits: Limits = DEFAULT_LIMITS,
        growth: float = 2.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._capacity, self._most, self._limits = store, capacity, most, limits
        self._growth, self._now = growth, now
        self._lives = StreamRegistry(store)
        self._recent = Recent()
        self._writer = Writer(store, self._recent.add, self._lives.drop)
        self._fitter = Fitter(self._fit)
        self._demo = Demo()
        self._silences, self._labels = Silences(store.database), Labels(store.database)
        self._young = ColdStart(store, self._labels)
        self._events = Events(self.read)
        self._quiet = SilenceMonitor(self._silences, self._lives, demo.NAME, now)
        self._aging = Retention(RetentionStore(store.database), self._lives, now)
        self._last = Stored(store)

    def start(self) -> None:
        """Starts the threads that write and fit."""
        self._writer.start()
        self._fitter.start()
        if self._store.stream(demo.NAME) is None:
            self._store.put(demo.NAME, DEFAULT_DETECTOR, {}, self._capacity)
        self._fitter.ask(demo.NAME, ASKED_FOR)
        self._quiet.start()
        self._aging.start()

    def stop(self) -> None:
        """Ends them; what was acknowledged is written."""
        self._aging.stop()
        self._quiet.stop()
        self._fitter.stop(seconds=0.5)
        self._writer.stop()

    def put(
        self,
        name: str,
        detector: str | None = None,
        params: Mapping[str, Any] | None = None,
        capacity: int | None = None,
        keep_days: float | Same | None = SAME,
    ) -> StreamInfo:
        """Makes a stream, or changes one: the next point is judged by the new detector, once it is fitted.

        What is left out stays as it is, or is the default; `keep_days` None: no point is forgotten for its age. Raises
        BadInput for a name, UnknownName, BadParameter, LimitExceeded.
        """
        check_name(name)
        if capacity is not None and not 1 <= capacity <= MOST_CAPACITY:
            raise BadParameter(f"capacity must lie from 1 to {MOST_CAPACITY} points.", name="capacity")
        there = self._store.stream(name)
        if there is not None and detector in {None, there.detector}:
            detector, params = there.detector, there.params if params is None else params
        detector, params = detector or DEFAULT_DETECTOR, params or {}
        check_given(find(detector).fit, params)
        fresh = find(detector).fit(NO_POINTS, **params)
        if there is None and self._store.count() >= self._most:
            raise self._no_room()
        kept = capacity or (there.capacity if there else self._capacity)
        retention_ms = kept_ms(keep_days, there)
        if name == demo.NAME and retention_ms is not None:
            raise BadInput(
                "The stream demo keeps no points, so it forgets none; leave out keep_days.", name="keep_days"
            )
        stream = self._store.put(name, detector, fresh.params, kept, retention_ms)
        live = self._lives.get(name)
        with live.lock:
            changed = replace(live.stream, detector=detector, params=stream.params)
            live.stream = replace(changed, capacity=kept, retention_ms=retention_ms)
            if not fresh.min_history and name != demo.NAME:
                self._adopt(live, fresh, 0, 0)
        if retention_ms is not None:
            self._aging.forget(stream.id, name, retention_ms)
        if name == demo.NAME or stream.cursor >= fresh.min_history:
            self._fitter.ask(name, ASKED_FOR).wait(PUT_SECONDS)
        return self.get(name)

    def missing(self, names: Sequence[str]) -> list[str]:
        """Those of the names that no stream has, found without a look-up for each. Raises NotKept."""
        with keeping():
            return self._store.missing_names([name for name in names if not self._lives.holds(name)])

    def make(self, names: Sequence[str]) -> dict[str, BadInput]:
        """Makes streams by default, those that do not exist, in one go. By name, why one could not be made."""
        refused: dict[str, BadInput] = {}
        for name in names:
            try:
                check_name(name)
            except BadInput as error:
                refused[name] = error
        good = [name for name in names if name not in refused]
        room = max(self._most - self._store.count(), 0)
        refused.update({name: self._no_room() for name in good[room:]})
        fresh = find(DEFAULT_DETECTOR).fit(NO_POINTS)
        for stream in self._store.create_missing(good[:room], DEFAULT_DETECTOR, fresh.params, self._capacity):
            self._lives.begin(stream)
        return refused

    def _no_room(self) -> LimitExceeded:
        message = f"There are {self._most} streams already; delete one first."
        return LimitExceeded(message, limit=self._most, setting="max_streams")

    def push(
        self,
        name: str,
        times: Times | Sequence[int | float | str] | None,
        values: Sequence[float | None],
    ) -> ScoredPoints:
        """Judges points and keeps them; returns once they are durable. All or nothing.

        The answer holds the points in the order of time. What is there already is answered as it was judged; what came
        late is judged and kept: see `repairs`, and docs/reference/streams.md. Raises BadInput with the `index` of a bad
        point, NotFound, NotKept.
        """
        series, repairs = ingest.read(times, values, self._limits)
        return self.push_series(name, series, repairs)

    def push_later(
        self,
        name: str,
        times: Times | Sequence[int | float | str] | None,
        values: Sequence[float | None],
    ) -> tuple[ScoredPoints, Future[None] | None]:
        """The same without waiting: the judgement, which holds once the Future is done, at once where there is none."""
        series, repairs = ingest.read(times, values, self._limits)
        with self._writer.taking():
            judged, kept = self._accept(name, series)
        return (replace(judged, repairs=(*repairs, *judged.repairs)) if repairs else judged), kept

    def push_series(self, name: str, series: Series, repairs: tuple[Repair, ...] = ()) -> ScoredPoints:
        """The same for points that have been read already, with what was repaired in them."""
        with self._writer.taking():
            judged, kept = self._accept(name, series)
            if kept is not None:
                kept.result()
        return replace(judged, repairs=(*repairs, *judged.repairs))

    def push_many(
        self, batches: Mapping[str, tuple[Times, Sequence[float | None]]]
    ) -> dict[str, ScoredPoints | BadInput]:
        """Times and values for many streams, which share their way to the disk. By name the judgement, or why that
        stream's points were refused. Raises NotKept."""
        found: dict[str, ScoredPoints | BadInput] = {}
        waiting = []
        with self._writer.taking():
            for name, (times, values) in batches.items():
                try:
                    series, repairs = ingest.read(times, values, self._limits)
                    judged, kept = self._accept(name, series)
                except BadInput as error:
                    found[name] = error
                else:
                    found[name] = replace(judged, repairs=(*repairs, *judged.repairs))
                    waiting.append(kept)
            for kept in waiting:
                if kept is not None:
                    kept.result()
        return found

    def read(self, name: str, after: int | None = None, limit: int = 1000) -> ScoredPoints:
        """At most `limit` points after a cursor; without one, or with one the stream never gave, the newest."""
        if name == demo.NAME:
            now = self._demo_cursor()
            start = now - limit if after is None or not 0 <= after <= now else after
            return self._demo.read(start, min(start + limit, now))
        live = self._lives.get(name)
        forgotten = max(live.durable - live.stream.capacity, live.stream.expired_cursor)
        if after is not None and (found := self._recent.read(live, max(after, forgotten), limit)) is not None:
            return found
        stream = self._stored(name)
        if after is None or not 0 <= after <= stream.cursor:
            after = stream.cursor - limit
        if after >= stream.cursor - min(KEPT, stream.points):
            newest = self._store.read_newest(stream, KEPT)
            self._recent.hold(live, newest)
        return self._store.read(stream, after, limit)

    def read_with_events(
        self, name: str, after: int | None = None, limit: int = 1000
    ) -> tuple[ScoredPoints, list[StreamEvent]]:
        """The points that `read` returns, and the events that they belong to; see `window_events`."""
        merge_gap = int(self._stored(name).params.get("merge_gap", DEFAULT_MERGE_GAP))
        points = self.read(name, after, limit)
        return points, window_events(points, lambda cursor, most: self.read(name, cursor, most), merge_gap)

    def events(self, name: str, policy: Policy) -> tuple[list[StreamEvent], EventCursor]:
        """What happened in a stream by a policy, the newest first, and how far that is known. Raises NotFound."""
        stream = self._stored(name)
        if name == demo.NAME:
            now = self._demo_cursor()
            return self._events.of(name, stream.id, (now - demo.KEPT, now), policy, ())
        durable = self._lives.get(name).durable
        span = max(0, durable - stream.capacity, stream.expired_cursor), durable
        return self._events.of(name, stream.id, span, policy, self._silences.of(stream.id))

    def silences(self, name: str, after: int) -> list[StreamEvent]:
        """The silences of a stream since the point after a cursor, the newest first. Raises NotFound."""
        found = self._silences.of(self._stored(name).id)
        return [silent(each) for each in found if each.cursor > after]

    def labels(self, name: str) -> tuple[list[Label], bool]:
        """What people said of a stream's points, and whether those have times. Raises NotFound."""
        stream = self._stored(name)
        return self._labels.of(stream.id), bool(stream.timed)

    def put_labels(self, name: str, labels: Sequence[Label]) -> None:
        """Keeps labels in place of those before, and has the stream's detector fitted by them. Raises NotFound."""
        if not self._labels.put(self._stored(name).id, labels):
            raise not_found(name)
        if name != demo.NAME:
            self._fitter.ask(name)

    def list(self, limit: int = 100, after: str = "") -> list[StreamInfo]:
        """Streams by name, those after `after`."""
        return [self._told(stream) for stream in self._store.streams(limit, after)]

    def get(self, name: str) -> StreamInfo:
        """A stream. Raises NotFound."""
        return self._told(self._stored(name))

    def readings(self, most: int) -> Readings:
        """How the streams stand, for monitoring: the first `most` by name. The queries are a few, whatever the number
        of streams, and nothing is read again of those that did not grow."""
        stored, lives = self._store.streams(most), {live.stream.name: live for live in self._lives.all()}
        named = {stream.name for stream in stored}
        last = self._last.last([stream for stream in stored if stream.name not in lives and stream.cursor])
        readings = [self._reading(stream, lives.get(stream.name), last.get(stream.id)) for stream in stored]
        others = (self._state(live) for name, live in lives.items() if name not in named)
        return Readings.of(readings, others, self._store.count())

    def work(self) -> Work:
        """What its threads did."""
        writer, fitter = self._writer, self._fitter
        done = (writer.points, writer.pushes, writer.commits, writer.waiting)
        return Work(*done, fits=fitter.fits, fits_waiting=fitter.waiting)

    def _state(self, live: StreamState) -> str:
        return "silent" if self._quiet.is_silent(live) else live.state

    def _reading(self, stream: Stream, live: StreamState | None, last: ScoredPoints | None) -> Reading:
        name = stream.name
        if name == demo.NAME:
            cursor = self._demo_cursor()
            newest, state = Newest.of(self._demo.read(cursor - 1, cursor)) or NOTHING, self._demo.state(cursor, stream)
            return Reading(name, cursor, 0, newest, UNKNOWN, state, state == "anomalous")
        if live is not None:
            told = (live.stream.cursor, live.anomalies, live.newest, live.threshold)
            return Reading(name, *told, self._state(live), live.in_event)
        newest = (last and Newest.of(last)) or NOTHING
        anomalous = last is not None and in_event(stream, calm_since(last.is_anomaly))
        state = stored_state(stream, self._quiet.lasts(name), anomalous)
        return Reading(name, stream.cursor, 0, newest, UNKNOWN, state, anomalous)

    def delete(self, name: str, before: Callable[[str], None] = lambda _: None) -> None:
        """Forgets a stream and all its points, once those on their way to the disk are there and `before` was called
        with its name. Raises NotFound, BadInput for the demo stream."""
        if name == demo.NAME:
            raise BadInput("The stream demo is always there.", name=name)
        live = self._lives.get(name)
        with live.lock:
            if live.gone:
                raise not_found(name)
            if live.kept is not None:
                live.kept.exception()  # one that failed has been told to who waits for it
            before(name)
            self._store.delete(live.stream.id)
            self._lives.drop([live])
            self._quiet.forget(name)
            self._events.forget(name)

    @keeping()
    def _accept(self, name: str, series: Series) -> tuple[ScoredPoints, Future[None] | None]:
        """The judgement of points, and the Future of those that are to be kept, if any."""
        if name == demo.NAME:
            raise BadInput("The stream demo makes its own points; push to another stream.", name=name)
        live = self._lives.get(name)
        with live.lock:
            if live.gone:
                return self._accept(name, series)
            present = int(self._now() * 1000)
            ingest.check(series, live.stream, present)
            old, new = ingest.split(series, live.stream)
            if not len(old):
                judged = self._judged(live, new, present)
                return judged, self._keep(live, judged)
            if live.kept is not None:
                live.kept.result()  # only what is in the store can be looked up there
            told, late, repairs = settle(old, live, self._store, present)
            if len(late) and not len(new):
                live.came_late(present)
                self._quiet.came(name, present)
            judged = self._judged(live, new, present)
            kept = self._keep(live, concatenate((late, judged)))
            return replace(concatenate((told, judged)), repairs=repairs), kept

    def _judged(self, live: StreamState, new: Series, present: int) -> ScoredPoints:
        """The judgement of points newer than the stream's newest."""
        if not len(new):
            return unscored(new.times, new.values, live.stream.cursor)
        live.rhythm.took(new.times, live.stream.last_time, present)
        judged = self._young.judge(live, new, present)
        self._quiet.came(live.stream.name, present)
        return judged

    def _keep(self, live: StreamState, judged: ScoredPoints) -> Future[None] | None:
        """Hands points to the writer; None where there are none."""
        if not len(judged):
            return None
        live.pieces += 1
        merge = live.pieces >= PIECES
        live.pieces = 1 if merge else live.pieces
        live.kept = self._writer.append(AppendedPoints(live.stream, judged, merge), live)
        self._fit_if_due(live)
        return live.kept

    def _fit_if_due(self, live: StreamState) -> None:
        min_history = find(live.stream.detector).min_history
        if live.stream.points < min_history:
            return
        if live.stream.cursor >= max(min_history, FIRST_REFIT if live.own else 0, self._growth * live.fitted_at):
            self._fitter.ask(live.stream.name, AGAIN if live.own else FIRST)

    def _fit(self, name: str) -> None:
        """Fits a stream's detector on its history and has it judge from the next point on."""
        stream = self._stored(name)
        detector = find(stream.detector)
        if name == demo.NAME:
            fit = detector.fit(self._demo.history(self._demo_cursor()), **stream.params)
            self._demo.adopt(stream.detector, fit)
            return
        live = self._lives.get(name)
        if stream.points < detector.min_history:
            self._young.look(live)
            return
        history, merge_gap = (
            self._store.read_latest(stream, FIT_ON),
            int(stream.params.get("merge_gap", DEFAULT_MERGE_GAP)),
        )
        series = learnable(history, merge_gap, self._labels.of(stream.id))
        fit = detector.fit(series, **stream.params)
        with live.lock:
            if live.gone or (live.stream.detector, live.stream.params) != (stream.detector, stream.params):
                return  # who changed it has asked for another fit
            self._adopt(live, fit, stream.cursor, known(series))

    def _adopt(self, live: StreamState, fit: Detector, cursor: int, residuals: int) -> None:
        """Has a stream judged by a detector that learned from the points up to a cursor, so many of them known, and
        keeps what it learned."""
        if live.kept is not None:
            live.kept.result()
        stream = live.stream
        live.adopt(stream.detector, fit, cursor, self._store.read_latest(stream, live.needed(fit)), residuals)
        state = {**fit.state(), RESIDUALS: residuals}
        self._store.save_fit(stream.id, SavedFit(stream.detector, stream.params, cursor, state))

    def _stored(self, name: str) -> Stream:
        stream = self._store.stream(name)
        if stream is None:
            raise not_found(name)
        return stream

    def _demo_cursor(self) -> int:
        return int(self._now() * 1000) // demo.STEP_MS

    def _told(self, stream: Stream) -> StreamInfo:
        if stream.name == demo.NAME:
            cursor = self._demo_cursor()
            judge: str | None = stream.detector
            state = self._demo.state(cursor, stream)
            stream = replace(stream, cursor=cursor, last_time=cursor * demo.STEP_MS)
        else:
            live = self._lives.get(stream.name)
            state, judge = self._state(live), live.judge_of_next
        return StreamInfo.of(stream, state, judge)
