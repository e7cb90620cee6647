"""Waiting for a condition. The timeout costs time only where a test fails, so it is much longer than any wait."""

import time

SECONDS = 240  # below pytest's own timeout, so that the test reports the condition that failed


def until(condition, seconds=SECONDS, pause=0.02):
    """The result of `condition()`, once it is true. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, "the condition was not met in time"
        time.sleep(pause)
    return result
