"""The alerts of a running service: its threads and its operations for the API."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alerts.alert import TEST_STREAM, Alert, new_key
from alerts.channel import Channel
from alerts.event_tracker import START, EventTracker
from alerts.sender import Sender
from errors import NotFound, UnknownName
from events.policy import Policy, read_policy
from store import STATUSES, Message, Outbox, Silences, Stream, StreamStore, ThrottledLogger, Unavailable, WatchedStream

POLL_SECONDS = 0.5
"""Between steps of a thread that has nothing to do."""
SECONDS_AFTER_FAILURE = 5.0
"""Between a failed step and the next."""
RETENTION_MS = 30 * 86_400_000
"""How long messages that were sent or given up are stored."""
STOP_SECONDS = 0.5
"""Wait for each thread when the service stops."""


class Alerts:
    """Tracks the events of watched streams and sends messages about them, between `start` and `stop`.

    Each channel has its own thread, so one that hangs delays no other. `now` returns seconds since 1970 UTC.
    """

    def __init__(self, store: StreamStore, channels: Sequence[Channel], now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._outbox = Outbox(store.database)
        self.channels = [channel.name for channel in channels]
        self._tracker = EventTracker(store, self._outbox, self.channels)
        steps = {"tracker": self._tracker.step, **{each.name: Sender(self._outbox, each).step for each in channels}}
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(step,), daemon=True, name=f"alerts-{name}")
            for name, step in steps.items()
        ]

    def start(self) -> None:
        """Start the threads, and delete old messages."""
        self._outbox.delete_old(self._ms() - RETENTION_MS)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the threads. The message of one that waits for a receiver is sent again after the next start."""
        self._end.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)

    def watch(self, name: str, fields: Mapping[str, Any]) -> Policy:
        """Send alerts about a stream by a policy with these fields, from its next point on.

        A stream that is watched already gets the new policy from the first point not processed yet. Raises NotFound,
        UnknownName, BadParameter.
        """
        policy = read_policy(fields)
        stream = self._stream(name)
        if not self._outbox.put(WatchedStream(stream.id, vars(policy), stream.cursor, START)):
            raise _not_found(name)
        if policy.silent:
            Silences(self._store.database).reconsider(stream.id)
        return policy

    def policy(self, name: str) -> Policy:
        """The policy of a watched stream. Raises NotFound."""
        watch = self._outbox.watch(self._stream(name).id)
        if watch is None:
            raise _not_watched(name)
        return read_policy(watch.policy)

    def policy_if_any(self, name: str) -> Policy | None:
        """The policy of a stream; None where it is not watched. Raises NotFound where there is no such stream."""
        watch = self._outbox.watch(self._stream(name).id)
        return None if watch is None else read_policy(watch.policy)

    def unwatch(self, name: str) -> None:
        """Delete a stream's policy. Waiting messages are still sent, and `resolved` for what is firing. Raises
        NotFound."""
        if not self.unwatch_if_watched(name):
            raise _not_watched(name)

    def unwatch_if_watched(self, name: str) -> bool:
        """`unwatch` a stream if it is watched. Returns whether it was. Raises NotFound for an unknown stream."""
        now = self._ms()
        return self._outbox.unwatch(self._stream(name).id, lambda watch: self._tracker.closing(name, watch, now))

    def test(self, channel: str) -> Message:
        """Put a test message for a channel into the outbox. Raises UnknownName."""
        if channel not in self.channels:
            known = ", ".join(self.channels) or "none is set; see docs/reference/alerts.md"
            raise UnknownName(f"There is no channel {channel!r}; there is: {known}.", name=channel, known=self.channels)
        now = self._ms()
        message = Message(new_key(), channel, TEST_STREAM, Alert.test(now).to_json(), now, due=now)
        self._outbox.add(message)
        return message

    def newest(self, limit: int) -> list[Message]:
        """The last messages, newest first."""
        return self._outbox.newest(limit)

    def counts(self) -> dict[tuple[str, str], int]:
        """Number of stored messages by channel and status; every configured channel is included, with 0 at least."""
        none = {(channel, status): 0 for channel in self.channels for status in STATUSES}
        return none | self._outbox.counts()

    def _run(self, step: Callable[[int], int]) -> None:
        log = ThrottledLogger()
        while not self._end.is_set():
            try:
                busy = step(self._ms())
            except Unavailable as error:
                log.warn(f"{threading.current_thread().name} waits: {error}")
                self._end.wait(SECONDS_AFTER_FAILURE)
            except Exception:  # the thread continues: one failed step must not end all alerts
                logging.getLogger("anomaly").exception("%s failed", threading.current_thread().name)
                self._end.wait(SECONDS_AFTER_FAILURE)
            else:
                if not busy:
                    self._end.wait(POLL_SECONDS)

    def _ms(self) -> int:
        return int(self._now() * 1000)

    def _stream(self, name: str) -> Stream:
        stream = self._store.stream(name)
        if stream is None:
            raise _not_found(name)
        return stream


def _not_found(name: str) -> NotFound:
    return NotFound(f"There is no stream {name[:100]!r}.", name=name)


def _not_watched(name: str) -> NotFound:
    return NotFound(f"The stream {name[:100]!r} is not watched; PUT its policy to watch it.", name=name)
