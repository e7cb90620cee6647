"""The worker process, from the side of the service."""

import json
import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from blas_threads import ONE_THREAD

ROOT = Path(__file__).resolve().parent.parent


class WorkerProcess:
    """A process that runs `module`, see worker.py for its messages. `ready`: it accepts commands."""

    def __init__(self, url: str, max_bytes: int, module: str) -> None:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
        )
        self.ready = False
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True, name="worker messages")
        self._reader.start()
        self.send({"url": url, "max_bytes": max_bytes})  # not as an argument: it may contain a password

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def send(self, command: dict[str, Any]) -> None:
        """Send a command; nothing happens where the process has ended."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # `receive` returns None then
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()

    def receive(self, timeout: float) -> dict[str, Any] | None:
        """The next message; {} where none arrives within `timeout` seconds, None once the process has ended."""
        try:
            message = self._messages.get(timeout=timeout)
        except queue.Empty:
            return {}
        if message and message.get("ready"):
            self.ready = True
        if message is None:
            self._messages.put(None)  # for the next call
        return message

    def kill(self) -> None:
        """Kill the process, and close its pipes."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # a command that was not read
                    pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._messages.put(json.loads(line))
        self._messages.put(None)
