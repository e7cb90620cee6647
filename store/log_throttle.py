"""Throttled logging for threads that retry: each cause once a minute instead of once an attempt."""

import logging
import time
from collections.abc import Callable

REPEAT_SECONDS = 60.0


class ThrottledLogger:
    """Logs a message unless the last one was equal and less than REPEAT_SECONDS old. `now` returns seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last_text = ""
        self._last_time = 0.0

    def warn(self, text: str) -> None:
        """Log a message as an error, or drop it as a repeat."""
        now = self._now()
        if text != self._last_text or now - self._last_time >= REPEAT_SECONDS:
            self._last_text = text
            self._last_time = now
            logging.getLogger("anomaly").error("%s", text)
