"""An event: a run of anomalies, of a file or of a stream."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from events.context import Context
from events.scorer import ScorerId

Direction = Literal["above", "below", "shape"]
"""Side of its expected value on which an event's peak lies; "shape" where neither above nor below describes it."""


@dataclass(frozen=True)
class Event:
    """A run of anomalies.

    start, stop  half open: the position of its first anomaly, and one after that of its last; in a stream, cursors
    peak         position of its worst anomaly: of the highest severity, or where several scorers are combined and the
                 event lies on one side of what was expected, the point furthest away on that side
    direction    of the event beside what was expected
    severity     highest score ÷ threshold; in a stream, greatest deviation ÷ margin; more than 1
    value, expected  at the peak, in the series' unit
    anomalies    number of anomalies in it
    start_time, stop_time, peak_time  of its first anomaly, its last and its peak, ms since 1970 UTC; None without times
    top_scorer, window  name of the scorer with the highest calibrated score at the peak, and the length of its windows
                 in points; None where the detector has one scorer, or the scorer no windows
    other_scorers  further scorers with the highest score at many of its anomalies
    context      how the peak compares with the rest of its series; None where that is not known
    """

    start: int
    stop: int
    peak: int
    direction: Direction
    severity: float
    value: float
    expected: float
    anomalies: int = 1
    start_time: int | None = None
    stop_time: int | None = None
    peak_time: int | None = None
    top_scorer: str | None = None
    window: int | None = None
    other_scorers: tuple[ScorerId, ...] = ()
    context: Context | None = None

    @property
    def points(self) -> int:
        """Number of points from its first anomaly to its last."""
        return self.stop - self.start

    def to_json(self) -> dict[str, Any]:
        """JSON values by name, without those that are absent."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        others = tuple(ScorerId(**scorer) for scorer in plain.get("other_scorers", ()))
        context = Context.from_json(plain["context"]) if "context" in plain else None
        return cls(**{**plain, "other_scorers": others, "context": context})
