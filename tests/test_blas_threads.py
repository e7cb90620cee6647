"""The same seed gives the same result on one thread and on two: other load must not change a detection."""

import json
import os
import subprocess
import sys

import pytest

from tests.serving import ROOT

PROGRAM = """
import json, sys
import numpy as np, torch
torch.set_num_threads(int(sys.argv[2]))
from detectors.registry import DETECTORS
from timeseries import Series

x = np.zeros(4002)  # the Hénon map, for which the network is used
for t in range(2, 4002):
    x[t] = 1 - 1.4 * x[t - 1] ** 2 + 0.3 * x[t - 2]
at = np.arange(4000)
values = x[2:] + 3 * np.sin(2 * np.pi * at / 96) + np.random.default_rng(0).normal(0, 0.01, 4000)
values[2000:2060] += 4
result = DETECTORS[sys.argv[1]].fit(Series(None, values)).detect_offline(Series(None, values))
print(json.dumps([np.flatnonzero(result.is_anomaly).tolist(), np.nan_to_num(result.score, nan=-1).tolist()]))
"""


def detect_on_threads(detector: str, threads: int) -> list[list[float]]:
    """The positions of the anomalies and the scores, from a process with `threads` threads."""
    numbers = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    command = [sys.executable, "-c", PROGRAM, detector, str(threads)]
    completed = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **numbers}, capture_output=True, text=True, check=True
    )
    result: list[list[float]] = json.loads(completed.stdout)
    return result


@pytest.mark.parametrize("detector", ["auto", "lstm"])
def test_the_result_does_not_depend_on_the_number_of_threads(detector):
    (anomalies_one, scores_one), (anomalies_two, scores_two) = (
        detect_on_threads(detector, 1),
        detect_on_threads(detector, 2),
    )
    assert anomalies_one
    assert anomalies_one == anomalies_two
    assert scores_one == scores_two


@pytest.mark.skipif(sys.platform != "linux" or (os.cpu_count() or 1) < 2, reason="threads are counted in /proc")
def test_the_service_computes_on_one_thread_for_each_request():
    """The threads of numpy's linear algebra start when numpy is imported."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    program = "import {}, numpy, os; print(len(os.listdir('/proc/self/task')))"
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program.format(name)], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        for name in ("json", "server")
    ]
    several, one = (int(each.stdout) for each in outputs)
    if several == 1:
        pytest.skip("numpy starts no threads here")
    assert one == 1
