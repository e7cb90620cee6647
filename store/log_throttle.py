"""What a thread that goes on after a failure tells the log: each cause in one line, and not with every attempt."""

import logging
import time
from collections.abc import Callable

EACH_SECONDS = 60.0


class ThrottledLogger:
    """Logs an error when it is another than the last, or that was a minute ago. `now` counts seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last, self._said = "", 0.0

    def say(self, text: str) -> None:
        """Logs it, unless it was said just now."""
        now = self._now()
        if text != self._last or now - self._said >= EACH_SECONDS:
            self._last, self._said = text, now
            logging.getLogger("anomaly").error("%s", text)
