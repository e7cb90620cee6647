"""The worker's process, as the service holds it."""

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
    """One process that works: it runs `module`, see worker.py. What it says comes out of `hear`; `ready`: it has said
    that it can begin."""

    def __init__(self, url: str, most_bytes: int, module: str) -> None:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
        )
        self.ready = False
        self._heard: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True, name="worker's words")
        self._listener.start()
        self.tell({"url": url, "most_bytes": most_bytes})  # not as an argument: it may hold a password

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def tell(self, order: dict[str, Any]) -> None:
        """Sends a line; one that has ended does not hear it."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # `hear` tells that it has ended
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """What it says next, {} where it says nothing for so long; None once it has ended."""
        try:
            message = self._heard.get(timeout=seconds)
        except queue.Empty:
            return {}
        if message and message.get("ready"):
            self.ready = True
        if message is None:
            self._heard.put(None)  # for whoever asks again
        return message

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what it was told and did not hear
                    pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard.put(json.loads(line))
        self._heard.put(None)
