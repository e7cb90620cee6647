"""Our rolling z-score against `pandas.rolling` and river: the same formula, each value against those before it."""

import os

from benchmarks._measure import Work, compare
from data_generation import demo

SIZES = [2_000, 10_000, 100_000, 1_000_000]
WINDOWS = [50, 5_000]
THRESHOLD = 4.0
LIMIT = float(os.environ.get("BENCH_LIMIT", "300"))


def ours(points: int, window: int) -> Work:
    """The detector `rolling_zscore`: also expected values, band, missing values, exact at any offset."""
    from detectors.rolling_zscore import RollingZScore

    series = demo("seasonal", points).series

    def work() -> int:
        return int(RollingZScore.fit(series, window=window, threshold=THRESHOLD).detect(series).is_anomaly.sum())

    return work


def pandas(points: int, window: int) -> Work:
    """Two rolling windows over the values moved by one."""
    import pandas  # type: ignore[import-untyped]  # pandas ships no types

    values = pandas.Series(demo("seasonal", points).series.values)

    def work() -> int:
        before = values.shift(1).rolling(window, min_periods=(window + 1) // 2)
        score = (values - before.mean()).abs() / before.std()
        return int((score > THRESHOLD).sum())

    return work


def river(points: int, window: int) -> Work:
    """One rolling variance, updated point by point; it holds the mean too."""
    from river import stats, utils

    values = demo("seasonal", points).series.values.tolist()

    def work() -> int:
        scale, flags = utils.Rolling(stats.Var(), window_size=window), 0
        for seen, value in enumerate(values):
            if seen >= (window + 1) // 2:
                flags += abs(value - scale.mean.get()) > THRESHOLD * scale.get() ** 0.5
            scale.update(value)
        return flags

    return work


def main() -> None:
    for window in WINDOWS:
        print(f"window {window}")
        functions = {"rolling_zscore": "ours", "pandas.rolling": "pandas", "river": "river"}
        compare("rolling_zscore", functions, SIZES, window, limit=LIMIT)


if __name__ == "__main__":
    main()
