"""What an event is: a run of anomalies."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """A run of anomalies: half open positions start to stop, the position of its worst point, and what came there.

    peak      the point of the highest score; where a detector joins views and the event lies on one side of what was
              expected, the point furthest off there
    severity  its highest score ÷ threshold
    seen_by   the view that finds it most unusual, of those a detector joins; None where it joins none
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
