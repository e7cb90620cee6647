"""Series: the one shape in which a time series travels through the kernel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Series:
    """A time series.

    times   (n,) datetime64[ms], UTC, strictly increasing; None for a series without times
    values  (n,) float64 in the user's unit; NaN is a missing value, infinities do not occur
    name    what the user calls it
    """

    times: Times | None
    values: Floats
    name: str = "value"

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float64)
        if values.ndim != 1:
            raise ValueError(f"values must be one-dimensional, not {values.ndim}-dimensional")
        object.__setattr__(self, "values", values)
        if self.times is not None:
            times = np.asarray(self.times, dtype="datetime64[ms]")
            if times.shape != values.shape:
                raise ValueError(f"{len(times)} times for {len(values)} values")
            object.__setattr__(self, "times", times)

    def __len__(self) -> int:
        return len(self.values)

    def slice(self, start: int, stop: int) -> "Series":
        """Points start to stop (half open positions), as views."""
        times = None if self.times is None else self.times[start:stop]
        return Series(times, self.values[start:stop], self.name)

    @property
    def step_ms(self) -> int | None:
        """The median interval between points in milliseconds; None without times or with fewer than two points."""
        if self.times is None or len(self.times) < 2:
            return None
        return int(np.median(np.diff(self.times).astype(np.int64)))

    @property
    def missing(self) -> int:
        """How many values are missing."""
        return int(np.count_nonzero(np.isnan(self.values)))


EMPTY_SERIES = Series(None, np.empty(0))
