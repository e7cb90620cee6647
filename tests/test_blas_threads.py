"""Same seed, same answer, on one thread and on two: what runs beside the service must not change a verdict."""

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
from series import Series

x = np.zeros(4002)  # the Hénon map, on which the network takes part
for t in range(2, 4002):
    x[t] = 1 - 1.4 * x[t - 1] ** 2 + 0.3 * x[t - 2]
at = np.arange(4000)
values = x[2:] + 3 * np.sin(2 * np.pi * at / 96) + np.random.default_rng(0).normal(0, 0.01, 4000)
values[2000:2060] += 4
found = DETECTORS[sys.argv[1]].fit(Series(None, values)).review(Series(None, values))
print(json.dumps([np.flatnonzero(found.is_anomaly).tolist(), np.nan_to_num(found.score, nan=-1).tolist()]))
"""


def judged(detector: str, threads: int) -> list[list[float]]:
    """Where its anomalies are and its scores, from a process with so many threads."""
    numbers = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    command = [sys.executable, "-c", PROGRAM, detector, str(threads)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **numbers}, capture_output=True, text=True, check=True)
    found: list[list[float]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("detector", ["auto", "lstm"])
def test_the_answer_does_not_depend_on_the_threads(detector):
    (one, alone), (two, together) = judged(detector, 1), judged(detector, 2)
    assert one
    assert one == two
    assert alone == together


@pytest.mark.skipif(sys.platform != "linux" or (os.cpu_count() or 1) < 2, reason="threads are counted in /proc")
def test_the_service_computes_on_one_thread_for_each_request():
    """Linear algebra's own threads are there as soon as numpy is."""
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    program = "import {}, numpy, os; print(len(os.listdir('/proc/self/task')))"
    told = [
        subprocess.run([sys.executable, "-c", program.format(name)], cwd=ROOT, env=free, capture_output=True, text=True)
        for name in ("json", "server")
    ]
    several, one = (int(each.stdout) for each in told)
    if several == 1:
        pytest.skip("numpy starts no threads here")
    assert one == 1
