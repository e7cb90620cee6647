"""The worker with detectors made for tests, which end when they are told to and need no torch to be imported.

Run as `python -m tests.jobs.worker` in place of `jobs.worker`. Files in the folder FOLDER names tell `held` to go on.
"""

import os
import sys
import time
import types
from pathlib import Path

FOLDER = "TESTS_JOBS_FOLDER"


def detectors():
    """The detectors of these tests by name; only one module of the package is imported."""
    from anomaly_detection import MergeGap, no_progress
    from detectors.rolling_zscore import RollingZScore
    from parameters import checked

    class Held(RollingZScore):
        """Fits until it is let go on; `stubborn` hears no orders meanwhile."""

        listens = True

        @classmethod
        @checked
        def fit(cls, series, *, progress=no_progress, merge_gap: MergeGap = 3):
            go = Path(os.environ[FOLDER]) / "go"
            time.sleep(0.2)  # two words that follow one another quickly are one
            progress("fit", 0.5)
            while not go.exists():
                time.sleep(0.01)
                if cls.listens:
                    progress("fit", 0.5)
            return super().fit(series, merge_gap=merge_gap)

    class Stubborn(Held):
        listens = False

    class Deadly(RollingZScore):
        """Ends its process each time, as one does that finds no memory."""

        @classmethod
        @checked
        def fit(cls, series, *, progress=no_progress, merge_gap: MergeGap = 3):
            os._exit(9)

    class Broken(RollingZScore):
        """Has a defect."""

        @classmethod
        @checked
        def fit(cls, series, *, progress=no_progress, merge_gap: MergeGap = 3):
            raise RuntimeError("a defect")

    return {
        "rolling_zscore": RollingZScore,
        "held": Held,
        "stubborn": Stubborn,
        "deadly": Deadly,
        "broken": Broken,
    }


if __name__ == "__main__":
    registry = types.ModuleType("detectors.registry")
    vars(registry)["DETECTORS"] = detectors()
    sys.modules["detectors.registry"] = registry
    from jobs.worker import main

    sys.exit(main())
