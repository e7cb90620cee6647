"""A worker whose detectors are made for tests: they end on a signal file and import no torch.

Run as `python -m tests.jobs.worker` in place of `jobs.worker`.
`held` finishes once a file `go` is in the folder that the variable FOLDER names.
"""

import os
import sys
import time
import types
from pathlib import Path

FOLDER = "TESTS_JOBS_FOLDER"


def detectors():
    """The test detectors by name; of the package, only rolling_zscore is imported."""
    from anomaly_detection import MergeGap, no_progress
    from detectors.rolling_zscore import RollingZScore
    from parameters import checked

    class Held(RollingZScore):
        """Fits until the file `go` exists; `stubborn` reports no progress, so that it cannot be cancelled."""

        cancellable = True

        @classmethod
        @checked
        def fit(cls, series, *, progress=no_progress, merge_gap: MergeGap = 3):
            go = Path(os.environ[FOLDER]) / "go"
            time.sleep(0.2)  # progress reports in quick succession are merged
            progress("fit", 0.5)
            while not go.exists():
                time.sleep(0.01)
                if cls.cancellable:
                    progress("fit", 0.5)
            return super().fit(series, merge_gap=merge_gap)

    class Stubborn(Held):
        cancellable = False

    class Deadly(RollingZScore):
        """Ends its process in each fit, as the kernel's out-of-memory killer does."""

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
