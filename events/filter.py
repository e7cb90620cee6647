"""Which of the points beyond a threshold count as anomalies: by direction, by distance, by how many come together.

Points are joined into events first, and what counts is chosen within each: a narrower choice can leave an event out or
shorten it, but never makes two of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import numpy as np

from errors import BadParameter, UnknownName
from parameters import Param, check_parameter, parameters
from timeseries import Bools, Floats

Stretch = tuple[int, int]
"""Half open positions."""

Direction = Literal["both", "above", "below"]
DIRECTIONS = ("both", "above", "below")
MinAbsDeviation = Annotated[
    float, Param("series unit", 0, 1e300, "A distance from the expected value below this is no anomaly.")
]
MinRelDeviation = Annotated[
    float, Param("of the expected value", 0, 1e6, "As min_abs_deviation, as a fraction of the expected value.")
]


@dataclass(frozen=True)
class EventFilter:
    """What counts as an anomaly beside the score. With the defaults everything does."""

    min_points: Annotated[
        int, Param("points", 1, 100_000, "An event has at least this many anomalies; of a shorter one none counts.")
    ] = 1
    min_abs_deviation: MinAbsDeviation = 0.0
    min_rel_deviation: MinRelDeviation = 0.0
    direction: Direction = "both"

    def of(self, beyond: Bools, values: Floats, expected: Floats) -> Bools:
        """(n,) those of the points `beyond` the threshold that direction and floors leave; the length is left out."""
        with np.errstate(invalid="ignore", over="ignore"):
            away = values - expected
            floor = np.maximum(self.min_abs_deviation, self.min_rel_deviation * np.abs(expected))
        if self.direction != "both":
            beyond = beyond & (away > 0 if self.direction == "above" else away < 0)
        return np.asarray(beyond & ~(np.abs(away) < floor))

    def within(
        self, events: Sequence[Stretch], beyond: Bools, values: Floats, expected: Floats
    ) -> tuple[Bools, list[Stretch]]:
        """(n,) the points that count, and the events that are left, from their first such point to their last.

        events  the runs of the points `beyond` (n,) the threshold, in order
        """
        at = np.flatnonzero(self.of(beyond, values, expected))
        of_event = np.searchsorted([start for start, _ in events], at, side="right")
        _, first, many = np.unique(of_event, return_index=True, return_counts=True)
        enough = many >= self.min_points
        counts = np.zeros(len(beyond), np.bool_)
        counts[at[np.repeat(enough, many)]] = True
        starts, stops = at[first[enough]], at[(first + many - 1)[enough]] + 1
        return counts, list(zip(starts.tolist(), stops.tolist(), strict=True))


NO_FILTER = EventFilter()


def read_event_filter(given: Mapping[str, Any], before: EventFilter = NO_FILTER) -> EventFilter:
    """From JSON values; what is left out stays as before. Raises UnknownName or BadParameter."""
    known = parameters(EventFilter)
    full = dict(vars(before))
    for name, value in given.items():
        if name == "direction":
            full[name] = check_direction(value)
        elif name in known:
            full[name] = check_parameter(known[name], value)
        else:
            every = sorted([*known, "direction"])
            raise UnknownName(f"There is no {name!r} here; use one of {', '.join(every)}.", name=name, known=every)
    return EventFilter(**full)


def check_direction(value: Any) -> Direction:
    """The direction. Raises BadParameter."""
    if value not in DIRECTIONS:
        said = f"direction must be one of {', '.join(DIRECTIONS)}."
        raise BadParameter(said, name="direction", choices=DIRECTIONS)
    return cast(Direction, value)
