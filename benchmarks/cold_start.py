"""The first 200 points of a stream: false alarms and detected faults.

Three variants: the robust z-score, the fallback with its widened band, and the fallback with a trusted season. On
series without faults, and on parts of the labelled real series that hold no labelled point.
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

POINTS = 200
SEEDS = 20
MERGE_GAP = 3
PARTS = 10
"""Parts of each real series, where they hold no label."""
LONG_POINTS = 1000
"""Points of a generated series from which a part is taken: streams begin at any time of the day and the week."""
FAULTS = (("spike", 1), ("dip", 1), ("level_shift", 12))
"""Injected faults and their lengths in points; one in each series."""
SIZE = 8.0
"""Size of an injected fault, in robust standard deviations of the part."""
MIN_START = 20
"""Points before an injected fault."""
NO_POINTS = unscored(None, np.empty(0), 0)


@dataclass(frozen=True)
class Variants:
    """The first points of one stream, scored by the three variants."""

    robust_zscore: Bools
    fallback: ScoredPoints
    with_season: ScoredPoints

    @classmethod
    def score(cls, values: Floats) -> "Variants":
        """Scores a stream's first points."""
        robust_zscore = DETECTORS[FALLBACK].fit(Series(None, np.empty(0))).detect(Series(None, values)).is_anomaly
        return cls(robust_zscore, score(values, season=False), score(values, season=True))

    @property
    def flags(self) -> tuple[Bools, Bools, Bools]:
        """The flags of each variant."""
        return self.robust_zscore, self.fallback.is_anomaly, self.with_season.is_anomaly

    @property
    def by_season(self) -> Bools:
        """Which points the seasonal fallback scored."""
        return np.array([name == SEASONAL_FALLBACK for name in self.with_season.judged_by])


def score(values: Floats, season: bool) -> ScoredPoints:
    """A stream's first points, scored with or without checks for a season."""
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
            trusted = fit_trusted_season(mask_anomalies(history, MERGE_GAP), fallback, DETECTORS[SEASONAL_FALLBACK].fit)
            if trusted:
                detector, residuals = trusted
                state.adopt_seasonal(detector, residuals, history)
    return concatenate(parts)


def generated_parts() -> Iterator[tuple[str, list[Floats]]]:
    """By kind, series that begin where the kind does, and series that begin anywhere."""
    rng = np.random.default_rng(0)
    for kind in KINDS:
        yield kind, [clean(kind, POINTS, seed).values for seed in range(SEEDS)]
    for kind in KINDS:
        starts = rng.integers(0, LONG_POINTS - POINTS, SEEDS)
        yield (
            f"{kind}, anywhere",
            [
                clean(kind, LONG_POINTS, SEEDS + seed).values[start : start + POINTS]
                for seed, start in enumerate(starts.tolist())
            ],
        )


def real_parts() -> Iterator[tuple[str, list[Floats]]]:
    """By data set, parts of the labelled series without a labelled point."""
    parts: dict[str, list[Floats]] = {}
    for one in labelled_series():
        labelled_before = np.concatenate(([0], np.cumsum(one.labels)))
        for start in np.linspace(0, len(one.series) - POINTS, PARTS).astype(int).tolist():
            if start >= 0 and labelled_before[start + POINTS] == labelled_before[start]:
                parts.setdefault(one.data_set, []).append(one.series.values[start : start + POINTS])
    yield from parts.items()


def main() -> None:
    """One line for each group of series: events per 10,000 scored points, and detected faults."""
    print(f"{'':31}{'events per 10,000 points':^28}{'of faults detected':^28}{'scored':>9}{'width':>7}")
    variants = ("z-score", "fallback", "+ season")
    print(f"{'':31}{''.join(f'{each:>9}' for each in variants * 2)}{'by season':>11}{'there':>6}")
    for groups in (generated_parts(), real_parts()):
        for group, parts in groups:
            print(report_line(group, parts), flush=True)


def report_line(group: str, parts: list[Floats]) -> str:
    """The results of a group."""
    plain = [Variants.score(values) for values in parts]
    scored = sum(int(np.isfinite(each.with_season.score).sum()) for each in plain)
    alarms = [1e4 * sum(count_events(each.flags[k]) for each in plain) / max(scored, 1) for k in range(3)]
    hits = np.array(
        [is_detected(values, each, seed) for seed, (values, each) in enumerate(zip(parts, plain, strict=True))]
    )
    share = sum(int(each.by_season.sum()) for each in plain) / max(scored, 1)
    figures = "".join(f"{each:9.1f}" for each in alarms) + "".join(f"{each:9.0%}" for each in hits.mean(axis=0))
    return f"{group:31}{figures}{share:11.0%}{relative_width(plain):6.2f}"


def is_detected(values: Floats, plain: Variants, seed: int) -> list[bool]:
    """Whether each variant flags an injected fault where it flags nothing without it."""
    fault, length = FAULTS[seed % len(FAULTS)]
    at = int(np.random.default_rng([1, seed]).integers(MIN_START, POINTS - length))
    faulty = Variants.score(inject_fault(Series(None, values), fault, at, length, SIZE, seed).values)
    here = slice(at, at + length)
    return [bool((with_it & ~without)[here].any()) for with_it, without in zip(faulty.flags, plain.flags, strict=True)]


def count_events(flags: Bools) -> int:
    """The number of runs of anomalies."""
    at = np.flatnonzero(flags)
    return int(at.size and 1 + np.count_nonzero(np.diff(at) > MERGE_GAP + 1))


def relative_width(several: list[Variants]) -> float:
    """Median width of the band where the season scores ÷ that of the fallback there."""
    shares = []
    for each in several:
        at = each.by_season
        width, other = (one.upper[at] - one.lower[at] for one in (each.with_season, each.fallback))
        shares.extend((width / other).tolist())
    return float(np.median(shares)) if shares else float("nan")


if __name__ == "__main__":
    main()
