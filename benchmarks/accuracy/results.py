"""Results by method and series, stored under the version of the code, so that an interrupted run continues."""

import contextlib
import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy import data
from benchmarks.accuracy.methods import ROOT, Method, Output
from benchmarks.accuracy.worker import ENVIRONMENT

FOLDER = ROOT / ".bench/accuracy"
LIMIT, START_LIMIT = 120.0, 300.0
"""Processor seconds for one series, and for imports and a first small one."""
START_SECONDS = 10
"""Seconds by the clock for each of them, on a busy machine."""


@dataclass(frozen=True)
class Result:
    """An output with its cost: CPU seconds, peak memory in MiB. Or a problem in a sentence."""

    output: Output | None = None
    seconds: float = float("nan")
    peak: float = float("nan")
    problem: str = ""


def path_of(method: Method, file: str) -> Path:
    """Return the path of the result of one series."""
    name = hashlib.sha256(file.encode() + (data.DATA / file).read_bytes()).hexdigest()[:12]
    return FOLDER / method.name.replace(" ", "_") / method.version / f"{name}.npz"


def load_result(method: Method, file: str) -> Result | None:
    """The result of an earlier run; None where there is none."""
    path = path_of(method, file)
    if path.exists():
        with np.load(path) as result:
            seconds, peak = result["cost"].tolist()
            return Result(Output(result["severity"], result["events"]), seconds, peak)
    failed = path.with_suffix(".json")
    return Result(problem=json.loads(failed.read_text())["problem"]) if failed.exists() else None


def run_missing(method: Method, series: Iterable[data.Labelled], limit: float, retry: bool = False) -> None:
    """Run the method on series without a result, the shortest first; with `again`, also on those that failed."""
    shortest = [one.file for one in sorted(series, key=lambda one: len(one.series))]
    missing = [file for file in shortest if (result := load_result(method, file)) is None or (retry and result.problem)]
    worker: Worker | None = None
    try:
        for file in missing:
            if worker is None:
                worker = Worker(method.name)
            problem = worker.problem or worker.run(file, path_of(method, file), limit)
            print(f"  {method.name:24} {file:58} {problem or 'done'}", flush=True)
            if problem:
                failed = path_of(method, file).with_suffix(".json")
                failed.parent.mkdir(parents=True, exist_ok=True)
                failed.write_text(json.dumps({"problem": problem}))
            if worker.stopped:
                worker = None
    finally:
        if worker is not None:
            worker.stop()


class Worker:
    """The process of one method. `problem` says why it cannot run; `stopped`, that another one is needed."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, "-m", "benchmarks.accuracy.worker", name]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.answers: queue.Queue[str] = queue.Queue()
        self.stopped = False
        threading.Thread(target=self._listen, daemon=True).start()
        self.problem = self._answer(START_LIMIT)

    def run(self, file: str, target: Path, limit: float) -> str:
        """Return a problem in a sentence, or nothing; then the result is complete at `target`."""
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f".{os.getpid()}.part")
        assert self.process.stdin is not None
        self.process.stdin.write(f"{file}\t{part}\n")
        self.process.stdin.flush()
        problem = self._answer(limit)
        if problem:
            part.unlink(missing_ok=True)
        else:
            part.replace(target)
        return problem

    def stop(self) -> None:
        self.stopped = True
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError):  # closed by stop() while it was read
            for line in self.process.stdout:
                self.answers.put(line)
        self.answers.put("")

    def _answer(self, limit: float) -> str:
        began, used = time.monotonic(), processor_seconds(self.process.pid)
        line = None
        while line is None:
            with contextlib.suppress(queue.Empty):
                line = self.answers.get(timeout=1)
            waited = time.monotonic() - began
            if line is None and (processor_seconds(self.process.pid) - used > limit or waited > START_SECONDS * limit):
                self.stop()
                return f"over {limit:g} s"
        if not line:
            self.stop()
            return f"its process ended with {self.process.returncode}"
        return str(json.loads(line).get("problem", ""))


def processor_seconds(pid: int) -> float:
    """That a process has used so far; on systems without /proc, the time of the clock."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))
