"""The alerts of one running service: its threads, and what the API asks of them."""

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
from store import STATUSES, Message, Outbox, Silences, Stream, StreamStore, ThrottledLogger, Unavailable, Watch

PAUSE = 0.5
"""Seconds between looks at the store while nothing happens."""
PAUSE_AFTER_FAILURE = 5.0
KEEP_MS = 30 * 86_400_000
"""How long messages that do not wait any more are kept."""
LAST_SECONDS = 0.5


class Alerts:
    """Follows the watched streams and sends messages, between `start` and `stop`, one thread for each channel, so
    that one that hangs holds up no other. `now` gives seconds since 1970 UTC."""

    def __init__(self, store: StreamStore, channels: Sequence[Channel], now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now
        self._outbox = Outbox(store.database)
        self.channels = [channel.name for channel in channels]
        self._follower = EventTracker(store, self._outbox, self.channels)
        steps = {"follower": self._follower.step, **{each.name: Sender(self._outbox, each).step for each in channels}}
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(step,), daemon=True, name=f"alerts-{name}")
            for name, step in steps.items()
        ]

    def start(self) -> None:
        """Starts the threads, and forgets old messages."""
        self._outbox.delete_old(self._ms() - KEEP_MS)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends the threads. One that waits for a receiver is left: its message is sent again after the next start."""
        self._end.set()
        for thread in self._threads:
            thread.join(LAST_SECONDS)

    def watch(self, name: str, given: Mapping[str, Any]) -> Policy:
        """Tells of a stream's events from now on; of one that is watched already, by another policy from the first
        point on that was not followed yet. Raises NotFound, UnknownName, BadParameter."""
        policy, stream = read_policy(given), self._stream(name)
        if not self._outbox.put(Watch(stream.id, vars(policy), stream.cursor, START)):
            raise _not_found(name)
        if policy.silent:
            Silences(self._store.database).reconsider(stream.id)
        return policy

    def policy(self, name: str) -> Policy:
        """By what a stream is watched. Raises NotFound."""
        watch = self._outbox.watch(self._stream(name).id)
        if watch is None:
            raise _not_watched(name)
        return read_policy(watch.policy)

    def policy_if_any(self, name: str) -> Policy | None:
        """By what a stream is watched; None where it is not. Raises NotFound where there is no such stream."""
        watch = self._outbox.watch(self._stream(name).id)
        return None if watch is None else read_policy(watch.policy)

    def unwatch(self, name: str) -> None:
        """Tells of a stream no longer; messages that wait are still sent, and of an event that was told to begin, that
        it is no longer watched. Raises NotFound."""
        if not self.forget(name):
            raise _not_watched(name)

    def forget(self, name: str) -> bool:
        """The same for a stream that is about to be deleted. Returns whether it was watched. Raises NotFound."""
        now = self._ms()
        return self._outbox.unwatch(self._stream(name).id, lambda watch: self._follower.closing(name, watch, now))

    def test(self, channel: str) -> Message:
        """Puts a test message for a channel into the outbox. Raises UnknownName."""
        if channel not in self.channels:
            known = ", ".join(self.channels) or "none is set; see docs/reference/alerts.md"
            raise UnknownName(f"There is no channel {channel!r}; there is: {known}.", name=channel, known=self.channels)
        now = self._ms()
        message = Message(new_key(), channel, TEST_STREAM, Alert.test(now).to_plain(), now, due=now)
        self._outbox.add(message)
        return message

    def newest(self, limit: int) -> list[Message]:
        """The last messages, the newest first."""
        return self._outbox.newest(limit)

    def counts(self) -> dict[tuple[str, str], int]:
        """How many messages are kept, by channel and status; those of today's channels are there with 0 too."""
        none = {(channel, status): 0 for channel in self.channels for status in STATUSES}
        return none | self._outbox.counts()

    def _run(self, step: Callable[[int], int]) -> None:
        complaints = ThrottledLogger()
        while not self._end.is_set():
            try:
                busy = step(self._ms())
            except Unavailable as error:
                complaints.warn(f"{threading.current_thread().name} waits: {error}")
                self._end.wait(PAUSE_AFTER_FAILURE)
            except Exception:  # the thread goes on: one failed step must not end all alerts
                logging.getLogger("anomaly").exception("%s failed", threading.current_thread().name)
                self._end.wait(PAUSE_AFTER_FAILURE)
            else:
                if not busy:
                    self._end.wait(PAUSE)

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
