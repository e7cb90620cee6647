"""What of the known faults is caught: shares, delays, the smallest size, and all that in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

RELIABLE = 0.8
"""Share of the faults of one size that must be caught for it to count as catchable."""

NO_CYCLE = 32
"""Points that stand for a cycle where there is none."""


class SizeUnit(StrEnum):
    """What the size of a fault is a multiple of."""

    NOISE = "times the usual noise"
    CHANGE = "times the usual change"
    SWING = "times the usual swing"
    SPEED = "times the usual speed"
    CYCLES = "cycles"


@dataclass(frozen=True)
class FirstDetection:
    """How soon a planted fault was caught: points and ms since its first; None where it was not, or has no times."""

    points: int | None
    ms: int | None = None


@dataclass(frozen=True)
class SizeResult:
    """One size of a fault: how often it was planted and caught, and the delay by which half of those were caught.

    change  the size in the series' unit; None where it is no distance
    points  how long the fault lasts
    """

    size: float
    change: float | None
    points: int
    planted: int
    caught: int
    delay_points: int | None
    delay_ms: int | None

    @classmethod
    def of(cls, size: float, change: float | None, points: int, hits: Sequence[FirstDetection]) -> "SizeResult":
        """What came of the faults planted, one hit each."""
        found = sorted((hit.ms or 0, hit.points, hit.ms) for hit in hits if hit.points is not None)
        _, late, ms = found[(len(found) - 1) // 2] if found else (0, None, None)  # both of one fault: they agree
        return cls(size, change, points, len(hits), len(found), late, ms)

    @property
    def share(self) -> float:
        """Caught ÷ planted."""
        return self.caught / self.planted


@dataclass(frozen=True)
class FaultDetectability:
    """A known fault by its name in `faults.ANOMALIES`, and its sizes, smallest first."""

    name: str
    of: SizeUnit
    catches: tuple[SizeResult, ...]

    @property
    def smallest(self) -> SizeResult | None:
        """The first size of which RELIABLE are caught; None where no size is."""
        return next((each for each in self.catches if each.share >= RELIABLE), None)

    @property
    def title(self) -> str:
        """Its name for a person."""
        return self.name.replace("_", " ").capitalize()

    @property
    def sentence(self) -> str:
        """What is caught of it, for a person."""
        told = self.smallest or self.catches[-1]
        subject = self.subject(told)
        often = f"{told.caught} time{'' if told.caught == 1 else 's'} in {told.planted}"
        if self.smallest:
            return f"{subject} is caught {often}, {delay_words(told)}."
        if not told.caught:
            return f"{subject}, the largest tried, is not caught."
        return f"{subject}, the largest tried, is caught only {often}."

    def subject(self, catch: SizeResult) -> str:
        """The fault of one size, as the beginning of a sentence."""
        size, lasts = f"{catch.size:g}", points_words(catch.points)
        around = "" if catch.change is None else f" ({catch.change:.3g})"
        return {
            "spike": f"A spike of {size} times the usual noise{around}",
            "dip": f"A dip of {size} times the usual noise{around}",
            "level_shift": f"A level shift of {size} times the usual change{around} over {lasts}",
            "drift": f"A drift to {size} times the usual change{around} over {lasts}",
            "changed_amplitude": f"A swing {size} times as large over {lasts}",
            "changed_frequency": f"A course {size} times as fast over {lasts}",
            "flat_line": f"A flat line over {lasts}",
            "noise_burst": f"A burst of noise {size} times the usual{around} over {lasts}",
            "missing_cycle": f"A stretch of {lasts} in which {cycles_words(catch.size)} missing",
        }[self.name]


@dataclass(frozen=True)
class Detectability:
    """What would be caught: the faults tried, and by what they were measured.

    looked  points of each copy, the last ones of the series; copies: how many were judged
    noise   how far neighbours usually scatter, in the series' unit
    change  how far a value usually moves within a cycle, likewise
    period  points after which the series repeats itself, or None
    reason  why nothing, or not everything, could be tried; "" where all was
    cut_short  whether less was tried than there is room for, because it would take long
    """

    faults: tuple[FaultDetectability, ...]
    looked: int
    copies: int
    noise: float
    change: float
    period: int | None
    reason: str = ""
    truncated: bool = False

    @property
    def over(self) -> str:
        """Over what the usual change is taken."""
        return f"a cycle of {points_words(self.period)}" if self.period else points_words(NO_CYCLE)

    @property
    def sentences(self) -> list[str]:
        """What was done, what was found, what was left out, for a person."""
        planted = sum(catch.planted for fault in self.faults for catch in fault.catches)
        told = []
        if planted:
            told.append(
                f"{planted} known faults were planted into quiet stretches of the last {self.looked} points, in "
                f"{self.copies} copies; what was learned from the series as it is judged each."
            )
            told.append(f"The usual noise is {self.noise:.3g}, the usual change over {self.over} {self.change:.3g}.")
        told += [fault.sentence for fault in self.faults]
        return told + ([self.reason] if self.reason else [])


def delay_words(catch: SizeResult) -> str:
    """How late a fault is caught: "at once", "after 3 points (15 min)"."""
    if not catch.delay_points:
        return "at once"
    words = f"after {points_words(catch.delay_points)}"
    return words if catch.delay_ms is None else f"{words} ({duration(catch.delay_ms)})"


def points_words(points: float) -> str:
    """So many points."""
    return f"{points:g} point{'' if points == 1 else 's'}"


def cycles_words(cycles: float) -> str:
    """So many cycles, with the verb."""
    return f"{cycles:g} cycle{' is' if cycles == 1 else 's are'}"


def duration(ms: float) -> str:
    """In the largest unit that fits, to three digits: "15 min"."""
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")):
        if ms >= size:
            return f"{ms / size:.3g} {unit}"
    return f"{ms:.3g} ms"
