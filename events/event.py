"""What an event is: a run of anomalies."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """A run of anomalies: half open positions start to stop, the position of its worst point, and what came there.

    peak      the point of the highest score; where a detector joins views and the event lies on one side of what was
              expected, the point furthest off there
    severity  its highest score ÷ threshold
    top_scorer, window  the scorer with the highest calibrated score at the peak, and the length of its windows in
              points; None where the detector has one scorer, or the scorer no windows
    """

    start: int
    stop: int
    peak: int
    direction: str
    severity: float
    value: float
    expected: float
    explanation: str
    top_scorer: str | None = None
    window: int | None = None
