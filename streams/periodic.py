"""A thread that runs a function again and again, and goes on after a failure."""

import logging
import threading
from collections.abc import Callable

from store import ThrottledLogger, Unavailable


class Periodic:
    """Runs `task` every `seconds`, the first time after `delay`.

    failure  start of the line in the log where the task fails, like "silences could not be checked"
    """

    def __init__(self, task: Callable[[], None], name: str, failure: str, seconds: float, delay: float) -> None:
        self._task = task
        self._failure = failure
        self._seconds = seconds
        self._delay = delay
        self._log = ThrottledLogger()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=name)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, after the task if it is running."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        wait = self._delay
        while not self._stopped.wait(wait):
            wait = self._seconds
            try:
                self._task()
            except Unavailable as error:
                self._log.warn(f"{self._failure}: {error}")
            except Exception:  # the thread must outlive a task that fails
                logging.getLogger("anomaly").exception(self._failure)
