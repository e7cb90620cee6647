"""Points older than the retention of their stream are deleted."""

from dataclasses import replace
from enum import Enum

from errors import BadInput, BadParameter
from store import RetentionStore, Stream
from streams.registry import StreamRegistry
from streams.stream_info import DAY_MS

MIN_DAYS, MAX_DAYS = 0.001, 36_500.0
CHECK_SECONDS = 60.0
"""Interval of the checks."""
CHECKS_PER_RETENTION = 100
"""A stream is checked this many times within its retention, at most once a check."""


class Unchanged(Enum):
    """The type of UNCHANGED."""

    UNCHANGED = 0


UNCHANGED = Unchanged.UNCHANGED
"""Leaves the retention unchanged; None means that points never expire."""


class Retention:
    """Deletes points by age, in the store and from the streams in memory."""

    def __init__(self, store: RetentionStore, registry: StreamRegistry) -> None:
        self._store = store
        self._registry = registry
        self._next_check: dict[int, int] = {}

    def check(self, now: int) -> None:
        """Deletes the old points of all streams whose check is due. `now`: ms since 1970 UTC. Raises Unavailable."""
        limited = self._store.with_retention()
        self._next_check = {stream_id: self._next_check.get(stream_id, 0) for stream_id, _, _ in limited}
        for stream_id, name, retention in limited:
            if self._next_check[stream_id] <= now:
                self._next_check[stream_id] = now + retention // CHECKS_PER_RETENTION
                self.expire(stream_id, name, now - retention)

    def expire(self, stream_id: int, name: str, before: int) -> None:
        """Deletes the points of a stream with times before this, ms since 1970 UTC. Raises Unavailable."""
        expired = self._store.expire(stream_id, before)
        state = self._registry.get_loaded(name)
        if state is not None and state.stream.id == stream_id:
            with state.lock:
                state.stream = replace(state.stream, expired_cursor=max(expired, state.stream.expired_cursor))


def resolve_retention(days: float | Unchanged | None, stream: Stream | None) -> int | None:
    """The retention in ms where a request sets it to so many days; None: points do not expire.

    `stream` is None where it is created by the request. Raises BadParameter, BadInput for a stream of points without
    times.
    """
    if isinstance(days, Unchanged):
        return stream.retention_ms if stream else None
    if days is None:
        return None
    if not MIN_DAYS <= days <= MAX_DAYS:
        message = f"retention_days must lie from {MIN_DAYS} to {MAX_DAYS:g} days, or be null."
        raise BadParameter(message, name="retention_days", minimum=MIN_DAYS, maximum=MAX_DAYS)
    if stream is not None and stream.timed is False:
        message = "The points of this stream have no times, so they do not expire; leave out retention_days."
        raise BadInput(message, name="retention_days")
    return round(days * DAY_MS)
