"""How many of the faults injected into the demo series are detected, by kind of series and of fault; false events.

`./run bench injected_faults ["NAME offline" ...]`. Each detector is fitted on the very series, its faults included, as
for a demo on the page. A fault is detected where a point of it is flagged.
"""

import sys
from collections import Counter

import numpy as np

from anomaly_detection import Detection
from benchmarks.false_alarms import judged_by
from data_generation import KINDS, Demo, demo

DEFAULT_METHODS = ("auto offline", "lstm offline", "seasonal offline")
SIZES = {2_000: 8, 5_000: 4}
"""Points of a demo series, and how many of each kind there are: 5 faults each, and 12."""


class Counts:
    """Counts over series: faults injected and detected, by name and kind of series; false events and normal points."""

    def __init__(self) -> None:
        self.injected: Counter[str] = Counter()
        self.detected: Counter[str] = Counter()
        self.false = self.normal = 0

    def add(self, made: Demo, detection: Detection) -> None:
        """Count the faults and false events of one series."""
        for name, start, stop in made.anomalies:
            hit = bool(detection.is_anomaly[start:stop].any())
            for key in (made.kind, name, ""):
                self.injected[key] += 1
                self.detected[key] += hit
        self.false += sum(not made.labels[start:stop].any() for start, stop in detection.intervals)
        self.normal += int(np.count_nonzero(~made.labels))

    def share(self, key: str = "") -> str:
        """Detected of injected, by a fault's name, a kind of series, or all."""
        return f"{self.detected[key]} of {self.injected[key]}"


def main() -> None:
    for name in sys.argv[1:] or DEFAULT_METHODS:
        total = Counts()
        for points, seeds in SIZES.items():
            detected = Counts()
            for kind in KINDS:
                for seed in range(seeds):
                    made = demo(kind, points, seed)
                    detection = judged_by(name, made.series)
                    detected.add(made, detection)
                    total.add(made, detection)
            false = f"{1e4 * detected.false / max(detected.normal, 1):.1f} false events per 10,000 points"
            print(f"{name}, {points:,} points: {detected.share()} found, {false}", flush=True)
        for key in sorted(total.injected.keys() - {""}):
            print(f"  {key:22} {total.share(key)}")


if __name__ == "__main__":
    main()
