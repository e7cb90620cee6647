"""Measures how long the stages of a detection take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """`with stopwatch("fit"):` adds the seconds of a stage to `seconds`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - start
