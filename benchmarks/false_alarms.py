"""False alarms: points flagged per 10,000 on series without any fault, for every detector and several thresholds.

The defaults are chosen by this table. `NAME offline` is a detector that scores a file with later points too, as
the page does; `NAME` alone scores each point from those before it, as in a stream.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anomaly_detection import Detection, Detector
from data_generation import KINDS, clean
from detectors.registry import DETECTORS
from parameters import parameters
from readers import read_csv
from timeseries import Series

DATA = Path(__file__).parent.parent.parent / "shared/data"
POINTS, SEEDS = 5_000, 5
THRESHOLDS = (3.0, 4.0, 5.0, 6.0)
SENSITIVITY = ("sigma", "threshold")
OFFLINE = " offline"


def names() -> list[str]:
    """Every detector, twice where a finished series is scored differently."""
    offline_names = [
        f"{name}{OFFLINE}" for name, kind in DETECTORS.items() if kind.detect_offline is not Detector.detect_offline
    ]
    return [*DETECTORS, *offline_names]


def judged_by(name: str, series: Series, **params: float) -> Detection:
    """Fit on the same series, as the page does, and detect."""
    fit: Any = DETECTORS[name.removesuffix(OFFLINE)].fit  # each detector has parameters of its own
    fitted: Detector = fit(series, **params)
    return fitted.detect_offline(series) if name.endswith(OFFLINE) else fitted.detect(series)


def real_series() -> Iterator[Series]:
    """The files of the Numenta Anomaly Benchmark that have no anomaly."""
    if not (DATA / "index.csv").exists():
        print("no ../shared/data: the real series without anomalies are left out", file=sys.stderr)
        return
    with (DATA / "index.csv").open(encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index):
            if row["file"].startswith("nab/") and int(row["anomalous"]) == 0:
                path = DATA / row["file"]
                yield read_csv(path.read_bytes(), name=path.stem).series("value")


def groups() -> dict[str, list[Series]]:
    """Series without faults, by kind."""
    made = {kind: [clean(kind, POINTS, seed) for seed in range(SEEDS)] for kind in KINDS}
    return {**made, "NAB without anomalies": list(real_series())}


def false_alarms(detector: str, series: Series, **params: float) -> tuple[int, int, int]:
    """Return points scored, points flagged and events."""
    detection = judged_by(detector, series, **params)
    scored = len(series) - detection.warm_up
    return scored, int(detection.is_anomaly.sum()), len(detection.events)


def cell(detector: str, several: list[Series], **params: float) -> str:
    counts = [false_alarms(detector, series, **params) for series in several]
    scored, flags, events = (sum(column) for column in zip(*counts, strict=True))
    return f"{1e4 * flags / max(scored, 1):7.1f} {1e4 * events / max(scored, 1):6.1f}"


def main() -> None:
    chosen = sys.argv[1:] or names()
    several = {kind: made for kind, made in groups().items() if made}
    for detector in chosen:
        known = parameters(DETECTORS[detector.removesuffix(OFFLINE)].fit)
        name = next((name for name in SENSITIVITY if name in known), None)
        settings = [{name: threshold} for threshold in THRESHOLDS] if name else [{}]
        print(f"\n{detector}: points flagged and events per 10,000 points without a fault")
        print(f"{name or 'default':22}" + "".join(f"{value:>16g}" for one in settings for value in one.values()))
        for kind, made in several.items():
            print(f"{kind:22}", *(f" {cell(detector, made, **one)}" for one in settings), flush=True)


if __name__ == "__main__":
    main()
