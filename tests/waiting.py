"""Waiting for what must come. A deadline costs time only where a test fails, so it is far longer than any wait."""

import time

SECONDS = 240  # less than pytest's own limit of a test, so that the test itself says what did not come


def until(found, seconds=SECONDS, pause=0.02):
    """What `found` gives, once that is true."""
    end = time.monotonic() + seconds
    while not (got := found()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(pause)
    return got
