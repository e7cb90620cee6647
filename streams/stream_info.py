"""A stream as responses describe it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from detectors import find_detector
from parameters import parameters
from store import Stream

DAY_MS = 86_400_000


@dataclass(frozen=True)
class StreamInfo:
    """A stream without its points.

    points          number of points that can be read
    retention_days  days after which points expire by their time; None: never
    last_time       of the newest point, ms since 1970 UTC; None where points have no times
    state           warming_up, normal, anomalous or silent
    cursor          of the last point
    judged_by       name of the detector that scores the next point; None where none can yet
    """

    name: str
    detector: str
    params: Mapping[str, Any]
    points: int
    capacity: int
    retention_days: float | None
    last_time: int | None
    state: str
    cursor: int
    judged_by: str | None

    @classmethod
    def from_stream(cls, stream: Stream, state: str, judged_by: str | None) -> Self:
        """The description of a stored stream, with every parameter."""
        return cls(
            name=stream.name,
            detector=stream.detector,
            params=default_params(stream.detector) | dict(stream.params),
            points=stream.points,
            capacity=stream.capacity,
            retention_days=None if stream.retention_ms is None else stream.retention_ms / DAY_MS,
            last_time=stream.last_time,
            state=state,
            cursor=stream.cursor,
            judged_by=judged_by,
        )


def default_params(detector: str) -> dict[str, Any]:
    """The default parameters of a detector."""
    return {name: param.default for name, param in parameters(find_detector(detector).fit).items()}


def stored_state(stream: Stream, silent: bool, anomalous: bool) -> str:
    """The state of a stream that is not in memory."""
    if silent:
        return "silent"
    if stream.detector not in stream.detector_names:
        return "warming_up"
    return "anomalous" if anomalous else "normal"
