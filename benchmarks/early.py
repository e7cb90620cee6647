"""The first 200 points of a stream: false alarms of the early verdicts, by robust z-score alone and with the season.

Series without any fault; each point is judged as it would be in a stream, a season looked for when it would be.
"""

import numpy as np

from benchmarks.false_alarms import groups
from data_generation import KINDS, clean
from detectors import DETECTORS
from judged import Judged, joined, unjudged
from series import Series
from store import Stream
from streams.learning import learnable, season_due, seasonal
from streams.live import EARLY, SEASONAL, Live

POINTS, SEEDS, GAP = 200, 20, 3
NOBODY = unjudged(None, np.empty(0), 0)


def judged(series: Series, season: bool) -> tuple[Judged, int]:
    """The verdicts on a stream's first points, one by one, and how many were given by season."""
    values = series.values[:POINTS]
    early = DETECTORS[EARLY].fit(Series(None, np.empty(0)))
    live = Live(Stream(1, "s", "lstm", {}, 10**6), NOBODY, early)
    found: list[Judged] = []
    for at, value in enumerate(values.tolist()):
        found.append(live.judge(Series(None, np.array([value])), 0))
        if season and at + 1 >= season_due(live.seasonal_at):
            live.seasonal_at = at + 1
            trusted = seasonal(learnable(joined(found), GAP), early, DETECTORS[SEASONAL].fit)
            if trusted:
                live.adopt_seasonal(*trusted, joined(found))
    whole = joined(found)
    return whole, sum(name == SEASONAL for name in whole.judged_by)


def main() -> None:
    """One line for each group of series: events per 10,000 judged points, and how much narrower the band is."""
    several = {kind: [clean(kind, POINTS, seed) for seed in range(SEEDS)] for kind in KINDS}
    several["NAB without anomalies"] = groups()["NAB without anomalies"]
    print(f"{'events per 10,000 points':24} {'robust z':>9} {'and season':>11} {'by season':>10} {'band':>6}")
    for kind, series in several.items():
        pairs = [(judged(each, False), judged(each, True)) for each in series]
        told = [sum(pair[k][0].score.size - np.isnan(pair[k][0].score).sum() for pair in pairs) for k in (0, 1)]
        flags = [1e4 * sum(events(pair[k][0]) for pair in pairs) / max(told[k], 1) for k in (0, 1)]
        share = sum(pair[1][1] for pair in pairs) / max(told[1], 1)
        print(f"{kind:24} {flags[0]:9.1f} {flags[1]:11.1f} {share:10.0%} {narrower(pairs):6.2f}")


def events(found: Judged) -> int:
    """Runs of anomalies."""
    at = np.flatnonzero(found.is_anomaly)
    return int(at.size and 1 + np.count_nonzero(np.diff(at) > GAP + 1))


def narrower(pairs: list[tuple[tuple[Judged, int], tuple[Judged, int]]]) -> float:
    """Median width of the band where the season judged, as a share of the robust z-score's there."""
    shares = []
    for (plain, _), (both, _) in pairs:
        at = np.array([name == SEASONAL for name in both.judged_by])
        shares.extend(((both.upper - both.lower)[at] / (plain.upper - plain.lower)[at]).tolist())
    return float(np.median(shares)) if shares else float("nan")


if __name__ == "__main__":
    main()
