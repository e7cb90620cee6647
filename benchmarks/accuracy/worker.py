"""One method in its own process: reads lines `file<TAB>target`, writes the result to the target, responds in JSON.

`python -m benchmarks.accuracy.worker METHOD`. The time of a series is the processor's, so that other work on the
machine does not count; memory is the peak of the process while it ran.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks._measure import peak_memory
from benchmarks.accuracy.data import read
from benchmarks.accuracy.methods import Method, methods
from timeseries import Series

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}


def main(name: str) -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)  # what rivals print goes to stderr
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # of the rivals' numbers; ours have none, the tests see to that
    method = methods()[name]
    answers.write(json.dumps(ready(method)) + "\n")
    for line in sys.stdin:
        file, _, target = line.rstrip("\n").partition("\t")
        answers.write(json.dumps(work(method, file, Path(target))) + "\n")


def ready(method: Method) -> dict[str, object]:
    """Imports and compiles whatever the method needs, which is not part of a detection."""
    try:
        method.run(Series(None, np.sin(np.arange(600) / 4) + np.random.default_rng(0).normal(0, 0.1, 600)))
    except Exception as error:  # noqa: BLE001  (whatever a rival cannot do is reported, not suffered)
        return {"problem": problem(error)}
    return {}


def work(method: Method, file: str, target: Path) -> dict[str, object]:
    series = read(file).series
    forget_peak()
    began = time.process_time()
    try:
        output = method.run(series)
    except Exception as error:  # noqa: BLE001  (whatever a rival cannot do is reported, not suffered)
        return {"problem": problem(error)}
    seconds = time.process_time() - began
    with target.open("wb") as out:
        np.savez_compressed(out, severity=output.severity, events=output.events, cost=[seconds, peak_memory()])
    return {}


def problem(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:120]


def forget_peak() -> None:
    """Starts Linux's count of the most memory held anew; elsewhere it stays that of the process so far."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


if __name__ == "__main__":
    main(sys.argv[1])
