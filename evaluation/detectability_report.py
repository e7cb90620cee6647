"""The result of a detectability measurement as numbers; `evaluation.wording` writes it as sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

RELIABLE_SHARE = 0.8
"""Share of the faults of one size that must be detected for the size to count as detectable."""

DEFAULT_CYCLE = 32
"""Points that stand for a cycle in a series without a period."""


class SizeUnit(StrEnum):
    """The unit of a fault's size: cycles, or multiples of the series' typical noise, typical change within a cycle,
    amplitude or speed of its cycle."""

    NOISE = "noise"
    CHANGE = "change"
    AMPLITUDE = "amplitude"
    SPEED = "speed"
    CYCLES = "cycles"


class Reason(StrEnum):
    """Why nothing, or not everything, was injected."""

    CONSTANT = "constant"
    TOO_SLOW = "too_slow"
    NOT_SCORED = "not_scored"
    NO_QUIET_PLACE = "no_quiet_place"
    NO_PERIOD = "no_period"
    TOO_LONG = "too_long"
    TRUNCATED = "truncated"


@dataclass(frozen=True)
class FirstDetection:
    """Delay from the first point of a fault to the first flagged one: points, and ms where the series has times.

    None for a fault that was not detected.
    """

    points: int | None
    ms: int | None = None


@dataclass(frozen=True)
class SizeResult:
    """One size of a fault: how often it was injected and detected, and the median delay of the detected ones.

    change  the size in the series' unit; None where it is no distance
    points  how long the fault lasts
    """

    size: float
    change: float | None
    points: int
    injected: int
    detected: int
    delay_points: int | None
    delay_ms: int | None

    @classmethod
    def of(cls, size: float, change: float | None, points: int, trials: Sequence[FirstDetection]) -> "SizeResult":
        """Count the trials. Both delays are those of one trial, so that they agree."""
        detected = sorted((trial.ms or 0, trial.points, trial.ms) for trial in trials if trial.points is not None)
        _, delay_points, delay_ms = detected[(len(detected) - 1) // 2] if detected else (0, None, None)
        return cls(size, change, points, len(trials), len(detected), delay_points, delay_ms)

    @property
    def share(self) -> float:
        """detected ÷ injected: the recall at this size."""
        return self.detected / self.injected


@dataclass(frozen=True)
class FaultDetectability:
    """A fault by its name in `fault_injection.FAULTS`, and the results by size, smallest first."""

    name: str
    unit: SizeUnit
    sizes: tuple[SizeResult, ...]

    @property
    def smallest(self) -> SizeResult | None:
        """The smallest size with a share of at least RELIABLE_SHARE; None where no size has one."""
        return next((result for result in self.sizes if result.share >= RELIABLE_SHARE), None)


@dataclass(frozen=True)
class Detectability:
    """Which sizes of the known faults a detector detects in a series.

    points          length of each copy: the last points of the series
    copies          how many copies were scored
    noise           typical noise between neighbouring points, in the series' unit
    typical_change  typical change within a cycle, likewise
    period          points after which the series repeats itself, or None
    reasons         why nothing, or not everything, was injected; empty where everything was
    requested       how many faults would have been injected without a deadline
    """

    faults: tuple[FaultDetectability, ...]
    points: int
    copies: int
    noise: float
    typical_change: float
    period: int | None
    reasons: tuple[Reason, ...] = ()
    requested: int = 0

    @property
    def injected(self) -> int:
        """How many faults were injected."""
        return sum(result.injected for fault in self.faults for result in fault.sizes)

    @property
    def truncated(self) -> bool:
        """Whether fewer faults were injected than fit, because of the deadline."""
        return Reason.TRUNCATED in self.reasons
