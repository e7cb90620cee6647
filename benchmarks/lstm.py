"""Our LSTM (fit and detect) against the LSTM detector of TSB-AD, each with its own defaults, on one core."""

import contextlib
import os

from benchmarks._measure import Work, compare
from data_generation import demo

SIZES = [2_000, 10_000, 100_000, 1_000_000]
LIMIT = float(os.environ.get("BENCH_LIMIT", "300"))


def ours(points: int) -> Work:
    """The detector `lstm`."""
    import torch

    from detectors.lstm import LSTM

    torch.set_num_threads(1)
    series = demo("seasonal", points).series

    def work() -> int:
        return int(LSTM.fit(series).detect(series).is_anomaly.sum())

    return work


def tsb_ad(points: int) -> Work:
    """LSTMAD with the parameters that TSB-AD calls best for one column: window 100, learning rate 0.0008."""
    import numpy
    import torch

    vars(numpy).setdefault("Inf", numpy.inf)  # the name that numpy 2 dropped; TSB-AD still uses it
    from TSB_AD.models.LSTMAD import LSTMAD

    torch.set_num_threads(1)
    torch.manual_seed(0)
    values = demo("seasonal", points).series.values.reshape(-1, 1)
    values = (values - values.mean()) / values.std()

    def work() -> None:
        with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            detector = LSTMAD(window_size=100, lr=0.0008, feats=1)
            detector.fit(values)
            detector.decision_function(values)

    return work


def main() -> None:
    compare("lstm", {"lstm": "ours", "TSB-AD LSTMAD": "tsb_ad"}, SIZES, limit=LIMIT)


if __name__ == "__main__":
    main()
