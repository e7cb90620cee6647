"""From the points of watched streams to messages in the outbox."""

from collections.abc import Sequence
from dataclasses import replace

from alerts.alert import Alert, new_key
from events.policy import Notice, PolicyState, advance, read_policy
from store import Message, Outbox, PendingSilence, Silences, Step, StreamStore, WatchedStream

MAX_POINTS = 10_000
"""Points of one stream read in a step."""
MAX_STREAMS = 100
"""Streams advanced in a step."""
START = PolicyState().to_json()
"""The state of a stream that has just begun to be watched."""


class EventTracker:
    """Advances the policies of watched streams over their stored points.

    Its position is stored in the same transaction as the messages, so a crash neither loses an event nor sends it
    twice.
    """

    def __init__(self, store: StreamStore, outbox: Outbox, channels: Sequence[str]) -> None:
        self._store = store
        self._outbox = outbox
        self._channels = channels
        self._silences = Silences(store.database)

    def step(self, now: int) -> int:
        """Advance each stream that has new points by at most MAX_POINTS. Returns how many streams had any."""
        lagging = self._outbox.lagging(MAX_STREAMS)
        steps = [step for name, watch in lagging if (step := self.advance(name, watch, now))]
        if steps:
            self._outbox.advance(steps)
        pending = self._silences.pending(MAX_STREAMS)
        for silence in pending:
            self._decide(silence, now)
        return len(lagging) + len(pending)

    def _decide(self, pending: PendingSilence, now: int) -> None:
        """Announce a silence that began or ended, if the stream's policy includes silences.

        Its end is announced where its beginning was; of one that is over already, both are.
        """
        silence = pending.silence
        watched = pending.watch is not None and read_policy(pending.watch.policy).silent
        announced = watched if silence.announced is None else silence.announced
        statuses = ["firing"] if announced and silence.announced is None else []
        statuses += ["resolved"] if announced and silence.stop is not None else []
        alerts = [Alert.of_silence(pending.name, silence, status, now) for status in statuses]
        self._silences.decide(silence, announced, self._messages(pending.name, alerts, now))

    def advance(self, name: str, watch: WatchedStream, now: int) -> Step | None:
        """The watch after the points it has not seen, with the messages; None if its stream was deleted meanwhile."""
        stream = self._store.stream(name)
        if stream is None or stream.id != watch.stream_id:
            return None
        points = self._store.read(stream, watch.cursor, MAX_POINTS)
        state, notices = advance(read_policy(watch.policy), PolicyState.from_json(watch.state), points)
        after = replace(watch, cursor=points.cursor, state=state.to_json())
        alerts = [Alert.of_notice(name, notice, now) for notice in notices]
        return Step(watch, after, self._messages(name, alerts, now))

    def closing(self, name: str, watch: WatchedStream, now: int) -> list[Message]:
        """The `resolved` messages for what is firing in a stream whose policy is deleted."""
        state = PolicyState.from_json(watch.state)
        alerts = []
        if state.event is not None and state.announced:
            resolved = Notice("resolved", state.event, watch.cursor)
            alerts.append(Alert.of_notice(name, resolved, now, watched=False))
        alerts += [
            Alert.of_silence(name, silence, "resolved", now, watched=False)
            for silence in self._silences.unresolved(watch.stream_id)
        ]
        return self._messages(name, alerts, now)

    def _messages(self, name: str, alerts: Sequence[Alert], now: int) -> list[Message]:
        return [
            Message(new_key(), channel, name, alert.to_json(), now, due=now)
            for alert in alerts
            for channel in self._channels
        ]
