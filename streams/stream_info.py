"""A stream as it is told to those who ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from parameters import parameters
from store import Stream
from streams.registry import find

DAY_MS = 86_400_000


@dataclass(frozen=True)
class StreamInfo:
    """`state` is warming_up, normal, anomalous or silent; `last_time` ms since 1970 UTC, None where points have no
    times; `points` can be read, the last of them has the cursor `cursor`; `judged_by` is who judges the next one, None
    where nobody can yet; points older than `keep_days` are forgotten, None: none is for its age."""

    name: str
    detector: str
    params: Mapping[str, Any]
    points: int
    capacity: int
    keep_days: float | None
    last_time: int | None
    state: str
    cursor: int
    judged_by: str | None

    @classmethod
    def of(cls, stream: Stream, state: str, judged_by: str | None) -> Self:
        """Of a stream as it is stored, its parameters whole."""
        return cls(
            name=stream.name,
            detector=stream.detector,
            params=defaults(stream.detector) | dict(stream.params),
            points=stream.points,
            capacity=stream.capacity,
            keep_days=None if stream.retention_ms is None else stream.retention_ms / DAY_MS,
            last_time=stream.last_time,
            state=state,
            cursor=stream.cursor,
            judged_by=judged_by,
        )


def defaults(detector: str) -> dict[str, Any]:
    """The parameters of a detector, as they are unless told otherwise."""
    return {name: param.default for name, param in parameters(find(detector).fit).items()}


def stored_state(stream: Stream, silent: bool, anomalous: bool) -> str:
    """The state of a stream that is not in memory."""
    if silent:
        return "silent"
    return ("anomalous" if anomalous else "normal") if stream.detector in stream.detector_names else "warming_up"
