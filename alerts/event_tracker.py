"""From the points of watched streams to messages in the outbox."""

from collections.abc import Sequence
from dataclasses import replace

from alerts.alert import Alert, new_key
from events.policy import Notice, PolicyState, advance, from_plain, read_policy, to_plain
from store import Message, Outbox, PendingSilence, Silences, Step, StreamStore, Watch

POINTS = 10_000
"""Points followed in one go."""
STREAMS = 100
"""Streams looked at in one go."""


class EventTracker:
    """Reads what the store has kept and not yet followed. How far it came is kept in the transaction that keeps its
    messages, so that a crash neither loses an event nor tells it twice."""

    def __init__(self, store: StreamStore, outbox: Outbox, channels: Sequence[str]) -> None:
        self._store, self._outbox, self._channels = store, outbox, channels
        self._silences = Silences(store.database)

    def step(self, now: int) -> int:
        """Follows the streams that are ahead by at most POINTS points each. Returns how many streams were ahead."""
        behind = self._outbox.lagging(STREAMS)
        steps = [step for name, watch in behind if (step := self.followed(name, watch, now))]
        if steps:
            self._outbox.advance(steps)
        pending = self._silences.pending(STREAMS)
        for each in pending:
            self._decide(each, now)
        return len(behind) + len(pending)

    def _decide(self, each: PendingSilence, now: int) -> None:
        """Tells of a silence that began or ended, if its stream is so watched. An end is told where its beginning was;
        a silence that was over before anybody looked is told whole."""
        silence, watched = each.silence, each.watch is not None and read_policy(each.watch.policy).silent
        announced = watched if silence.announced is None else silence.announced
        statuses = ["firing"] if announced and silence.announced is None else []
        statuses += ["resolved"] if announced and silence.stop is not None else []
        alerts = [Alert.of_silence(each.name, silence, status, now) for status in statuses]
        self._silences.decide(silence, announced, self._messages(each.name, alerts, now))

    def followed(self, name: str, watch: Watch, now: int) -> Step | None:
        """How far the points that are kept bring a watch; None where its stream was deleted meanwhile."""
        stream = self._store.stream(name)
        if stream is None or stream.id != watch.stream_id:
            return None
        judged = self._store.read(stream, watch.cursor, POINTS)
        state, notices = advance(read_policy(watch.policy), from_plain(watch.state), judged)
        after = replace(watch, cursor=judged.cursor, state=to_plain(state))
        return Step(watch, after, self._messages(name, [Alert.of(name, notice, now) for notice in notices], now))

    def closing(self, name: str, watch: Watch, now: int) -> list[Message]:
        """What is still to be told of a stream that is watched no longer: the ends of what was told to begin."""
        state, over = from_plain(watch.state), []
        if state.event is not None and state.announced:
            over.append(Alert.of(name, Notice("resolved", state.event, watch.cursor), now))
        told = self._silences.unresolved(watch.stream_id)
        over += [Alert.of_silence(name, silence, "resolved", now) for silence in told]
        unwatched = [
            replace(each, summary=f"No longer watched. {each.summary.removeprefix('Over: ')}") for each in over
        ]
        return self._messages(name, unwatched, now)

    def _messages(self, name: str, alerts: Sequence[Alert], now: int) -> list[Message]:
        return [
            Message(new_key(), channel, name, alert.to_plain(), now, due=now)
            for alert in alerts
            for channel in self._channels
        ]


START = to_plain(PolicyState())
"""The state of a stream that has just begun to be watched."""
