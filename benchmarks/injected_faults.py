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

USUAL = ("auto offline", "lstm offline", "seasonal offline")
SIZES = {2_000: 8, 5_000: 4}
"""Points of a demo series, and how many of each kind there are: 5 faults each, and 12."""


class Found:
    """Counts over series: faults planted and found, by name and by kind of series; false events and normal points."""

    def __init__(self) -> None:
        self.planted: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.false = self.normal = 0

    def add(self, made: Demo, judged: Detection) -> None:
        """What came of one series."""
        for name, start, stop in made.anomalies:
            hit = bool(judged.is_anomaly[start:stop].any())
            for key in (made.kind, name, ""):
                self.planted[key] += 1
                self.found[key] += hit
        self.false += sum(not made.labels[start:stop].any() for start, stop in judged.intervals)
        self.normal += int(np.count_nonzero(~made.labels))

    def share(self, key: str = "") -> str:
        """Found of planted, by a fault's name, a kind of series, or all."""
        return f"{self.found[key]} of {self.planted[key]}"


def main() -> None:
    for name in sys.argv[1:] or USUAL:
        total = Found()
        for points, seeds in SIZES.items():
            found = Found()
            for kind in KINDS:
                for seed in range(seeds):
                    made = demo(kind, points, seed)
                    judged = judged_by(name, made.series)
                    found.add(made, judged)
                    total.add(made, judged)
            false = f"{1e4 * found.false / max(found.normal, 1):.1f} false events per 10,000 points"
            print(f"{name}, {points:,} points: {found.share()} found, {false}", flush=True)
        for key in sorted(total.planted.keys() - {""}):
            print(f"  {key:22} {total.share(key)}")


if __name__ == "__main__":
    main()
