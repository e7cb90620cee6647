"""The first 200 points of a stream: false alarms, and how many planted faults are caught.

By the robust z-score alone, by the early verdicts without a season, and by all that judges a young stream.

Series without any fault, and stretches of the labelled real ones that hold no labelled point.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.data import labelled_series
from data_generation import KINDS, clean
from detectors.registry import DETECTORS
from evaluation.fault_injection import inject_fault
from events.scored_points import ScoredPoints, concatenate, unscored
from store import Stream
from streams.stream_state import FALLBACK, SEASONAL_FALLBACK, StreamState
from streams.training_data import fit_trusted_season, mask_anomalies, next_season_check
from timeseries import Bools, Floats, Series

POINTS, SEEDS, GAP = 200, 20, 3
STRETCHES = 10
"""Of each real series, where they are free of labels."""
LONGER = 1000
"""Points of a made series from which a stretch is taken: streams begin at any time of the day and the week."""
FAULTS = (("spike", 1), ("dip", 1), ("level_shift", 12))
"""Planted, and how many points each lasts; one in each series."""
SIZE = 8.0
"""Of a planted fault, in robust deviations of the stretch."""
EARLIEST = 20
"""Points before a planted fault."""
NO_POINTS = unscored(None, np.empty(0), 0)


@dataclass(frozen=True)
class Verdicts:
    """Of one stretch: who flags what, alone, without and with the season; the judgement of the last."""

    alone: Bools
    early: ScoredPoints
    whole: ScoredPoints

    @classmethod
    def of(cls, values: Floats) -> "Verdicts":
        """Of a stream's first points."""
        alone = DETECTORS[FALLBACK].fit(Series(None, np.empty(0))).detect(Series(None, values)).is_anomaly
        return cls(alone, judged(values, season=False), judged(values, season=True))

    @property
    def flags(self) -> tuple[Bools, Bools, Bools]:
        """Alone, without the season, with it."""
        return self.alone, self.early.is_anomaly, self.whole.is_anomaly

    @property
    def by_season(self) -> Bools:
        """Which points the season judged."""
        return np.array([name == SEASONAL_FALLBACK for name in self.whole.judged_by])


def judged(values: Floats, season: bool) -> ScoredPoints:
    """The verdicts on a stream's first points, a season looked for where it would be."""
    fallback = DETECTORS[FALLBACK].fit(Series(None, np.empty(0)))
    state = StreamState(Stream(1, "s", "lstm", {}, 10**6), NO_POINTS, fallback)
    parts: list[ScoredPoints] = []
    start = 0
    while start < len(values):
        stop = min(next_season_check(state.seasonal_at), len(values)) if season else len(values)
        parts.append(state.score(Series(None, values[start:stop]), 0))
        start = state.seasonal_at = stop
        if season:
            history = concatenate(parts)
            trusted = fit_trusted_season(mask_anomalies(history, GAP), fallback, DETECTORS[SEASONAL_FALLBACK].fit)
            if trusted:
                detector, residuals = trusted
                state.adopt_seasonal(detector, residuals, history)
    return concatenate(parts)


def made() -> Iterator[tuple[str, list[Floats]]]:
    """By kind, series that begin where the kind does, and series that begin anywhere."""
    rng = np.random.default_rng(0)
    for kind in KINDS:
        yield kind, [clean(kind, POINTS, seed).values for seed in range(SEEDS)]
    for kind in KINDS:
        starts = rng.integers(0, LONGER - POINTS, SEEDS)
        yield (
            f"{kind}, anywhere",
            [
                clean(kind, LONGER, SEEDS + seed).values[start : start + POINTS]
                for seed, start in enumerate(starts.tolist())
            ],
        )


def real() -> Iterator[tuple[str, list[Floats]]]:
    """By data set, stretches of the labelled series without a labelled point."""
    found: dict[str, list[Floats]] = {}
    for one in labelled_series():
        marked = np.concatenate(([0], np.cumsum(one.labels)))
        for start in np.linspace(0, len(one.series) - POINTS, STRETCHES).astype(int).tolist():
            if start >= 0 and marked[start + POINTS] == marked[start]:
                found.setdefault(one.data_set, []).append(one.series.values[start : start + POINTS])
    yield from found.items()


def main() -> None:
    """One line for each group of series: events per 10,000 judged points, and how many planted faults are caught."""
    print(f"{'':31}{'events per 10,000 points':^28}{'of planted faults caught':^28}{'judged':>9}{'width':>7}")
    words = ("z alone", "early", "+ season")
    print(f"{'':31}{''.join(f'{each:>9}' for each in words * 2)}{'by season':>11}{'there':>6}")
    for groups in (made(), real()):
        for group, stretches in groups:
            print(line(group, stretches), flush=True)


def line(group: str, stretches: list[Floats]) -> str:
    """What a group gave."""
    plain = [Verdicts.of(values) for values in stretches]
    told = sum(int(np.isfinite(each.whole.score).sum()) for each in plain)
    alarms = [1e4 * sum(events(each.flags[k]) for each in plain) / max(told, 1) for k in range(3)]
    hits = np.array(
        [caught(values, each, seed) for seed, (values, each) in enumerate(zip(stretches, plain, strict=True))]
    )
    share = sum(int(each.by_season.sum()) for each in plain) / max(told, 1)
    figures = "".join(f"{each:9.1f}" for each in alarms) + "".join(f"{each:9.0%}" for each in hits.mean(axis=0))
    return f"{group:31}{figures}{share:11.0%}{narrower(plain):6.2f}"


def caught(values: Floats, plain: Verdicts, seed: int) -> list[bool]:
    """Whether a planted fault is flagged where nothing was without it: alone, without the season, with it."""
    fault, length = FAULTS[seed % len(FAULTS)]
    at = int(np.random.default_rng([1, seed]).integers(EARLIEST, POINTS - length))
    faulty = Verdicts.of(inject_fault(Series(None, values), fault, at, length, SIZE, seed).values)
    here = slice(at, at + length)
    return [bool((with_it & ~without)[here].any()) for with_it, without in zip(faulty.flags, plain.flags, strict=True)]


def events(flags: Bools) -> int:
    """Runs of anomalies."""
    at = np.flatnonzero(flags)
    return int(at.size and 1 + np.count_nonzero(np.diff(at) > GAP + 1))


def narrower(several: list[Verdicts]) -> float:
    """Median width of the band where the season judged, as a share of the early one there."""
    shares = []
    for each in several:
        at = each.by_season
        width, other = (one.upper[at] - one.lower[at] for one in (each.whole, each.early))
        shares.extend((width / other).tolist())
    return float(np.median(shares)) if shares else float("nan")


if __name__ == "__main__":
    main()
