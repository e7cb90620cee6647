"""One measurement in a process of its own: seconds, peak memory, and what came out.

A measured function `name(points, *options)` prepares its data and returns the work: a function without arguments that
is timed, and gives how many points it flagged, or None. Work that takes less than 5 s is done three times, the
quickest counts.
"""

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
QUICK = 5.0
REPEATS = 3
Work = Callable[[], int | None]


@dataclass(frozen=True)
class Measured:
    """seconds of the work; peak memory of its whole process and its growth during the work, in MiB; points flagged;
    seconds of the processor, which other programs on the machine hardly change.

    Where `problem` is set the others mean nothing.
    """

    seconds: float = 0.0
    peak: float = 0.0
    growth: float = 0.0
    flags: int | None = None
    problem: str = ""
    processor: float = 0.0


def measure(module: str, function: str, *options: int, limit: float) -> Measured:
    """Runs `benchmarks.module.function(*options)` in a child process, for `limit` seconds at most."""
    command = [sys.executable, "-m", "benchmarks._measure", module, function, *map(str, options)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return Measured(problem=f"over {limit:g} s")
    if done.returncode:
        return Measured(problem=(done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][:60])
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def peak_memory() -> float:
    """Return the peak memory of this process so far, in MiB; NaN on Windows.

    Linux counts what the parent held into a child's ru_maxrss (it outlives exec), but not into its VmHWM.
    """
    status = Path("/proc/self/status")
    if status.exists():
        _, _, high_water = status.read_text().partition("VmHWM:")
        return int(high_water.split()[0]) / 2**10
    if sys.platform == "win32":
        return float("nan")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main(module: str, function: str, *options: str) -> None:
    work: Work = getattr(importlib.import_module(f"benchmarks.{module}"), function)(*map(int, options))
    before, flags = peak_memory(), None
    taken: list[float] = []
    worked: list[float] = []
    while len(taken) < REPEATS and sum(taken) < QUICK:
        began, worked_before = time.perf_counter(), time.process_time()
        flags = work()
        taken.append(time.perf_counter() - began)
        worked.append(time.process_time() - worked_before)
    peak = peak_memory()
    print()
    line = {"seconds": min(taken), "peak": peak, "growth": peak - before, "flags": flags, "processor": min(worked)}
    print(json.dumps(line))


def compare(module: str, functions: dict[str, str], sizes: list[int], *options: int, limit: float) -> None:
    """Prints one row per size and function; the first function is ours, and the ratio is theirs ÷ ours.

    functions  {name in the table: name in the module}
    What failed or was too slow once is not run on more points.
    """
    print(f"{'points':>9}  {'':24} {'seconds':>9} {'ratio':>7} {'peak MiB':>9} {'growth':>7} {'flags':>7}")
    failed: dict[str, str] = {}
    for points in sizes:
        ours: float | None = None
        for title, function in functions.items():
            row = f"{points:9,}  {title:24}"
            if title in failed:
                print(f"{row} not run: {failed[title]}", flush=True)
                continue
            result = measure(module, function, points, *options, limit=limit)
            if result.problem:
                failed[title] = f"{result.problem} at {points:,} points"
                print(f"{row} not run: {result.problem}", flush=True)
                continue
            ours = result.seconds if title == next(iter(functions)) else ours
            ratio = f"{result.seconds / ours:.2f}" if ours else "–"
            flags = "–" if result.flags is None else f"{result.flags:,}"
            print(
                f"{row} {result.seconds:9.4f} {ratio:>7} {result.peak:9.0f} {result.growth:7.0f} {flags:>7}", flush=True
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
