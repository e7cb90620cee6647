"""Which of the points beyond a threshold count as anomalies: by direction, by deviation, by number in an event.

Points are joined into events first and filtered within each: a stricter filter can drop or shorten an event, but never
splits one into two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import numpy as np

from errors import BadParameter, UnknownName
from parameters import Param, check_parameter, parameters
from timeseries import Bools, Floats

Interval = tuple[int, int]
"""Half open positions."""

FilterDirection = Literal["both", "above", "below"]
DIRECTIONS = ("both", "above", "below")
MinAbsDeviation = Annotated[
    float, Param("series unit", 0, 1e300, "A smaller deviation from the expected value is no anomaly.")
]
MinRelDeviation = Annotated[
    float, Param("of the expected value", 0, 1e6, "As min_abs_deviation, as a fraction of the expected value.")
]


@dataclass(frozen=True)
class EventFilter:
    """What counts as an anomaly besides the score. By default everything does."""

    min_points: Annotated[
        int, Param("points", 1, 100_000, "An event has at least this many anomalies; in a shorter one none counts.")
    ] = 1
    min_abs_deviation: MinAbsDeviation = 0.0
    min_rel_deviation: MinRelDeviation = 0.0
    direction: FilterDirection = "both"

    def mask(self, beyond: Bools, values: Floats, expected: Floats) -> Bools:
        """(n,) those of the points `beyond` the threshold that pass direction and deviation, whatever `min_points`."""
        with np.errstate(invalid="ignore", over="ignore"):
            deviation = values - expected
            floor = np.maximum(self.min_abs_deviation, self.min_rel_deviation * np.abs(expected))
        if self.direction != "both":
            beyond = beyond & (deviation > 0 if self.direction == "above" else deviation < 0)
        return np.asarray(beyond & ~(np.abs(deviation) < floor))

    def apply(
        self, intervals: Sequence[Interval], beyond: Bools, values: Floats, expected: Floats
    ) -> tuple[Bools, list[Interval]]:
        """(n,) the points that count, and the remaining events, each from its first such point to its last.

        intervals  of the events that the points `beyond` (n,) the threshold make, in order
        """
        passed = np.flatnonzero(self.mask(beyond, values, expected))
        event = np.searchsorted([start for start, _ in intervals], passed, side="right")
        _, first, count = np.unique(event, return_index=True, return_counts=True)
        has_min_points = count >= self.min_points
        counted = np.zeros(len(beyond), np.bool_)
        counted[passed[np.repeat(has_min_points, count)]] = True
        starts = passed[first[has_min_points]]
        stops = passed[(first + count - 1)[has_min_points]] + 1
        return counted, list(zip(starts.tolist(), stops.tolist(), strict=True))


NO_FILTER = EventFilter()


def read_event_filter(fields: Mapping[str, Any], base: EventFilter = NO_FILTER) -> EventFilter:
    """`base` with these JSON values in place of its own. Raises UnknownName or BadParameter."""
    known = parameters(EventFilter)
    merged = dict(vars(base))
    for name, value in fields.items():
        if name == "direction":
            merged[name] = check_direction(value)
        elif name in known:
            merged[name] = check_parameter(known[name], value)
        else:
            names = sorted([*known, "direction"])
            raise UnknownName(f"There is no {name!r} here; use one of {', '.join(names)}.", name=name, known=names)
    return EventFilter(**merged)


def check_direction(value: Any) -> FilterDirection:
    """The direction. Raises BadParameter."""
    if value not in DIRECTIONS:
        message = f"direction must be one of {', '.join(DIRECTIONS)}."
        raise BadParameter(message, name="direction", choices=DIRECTIONS)
    return cast(FilterDirection, value)
