"""Which side of what was expected an event lies on, and which scorers it is attributed to."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from events.event import Direction
from events.scorer import ScorerId
from timeseries import Bools, Floats

CLEAR_SHARE = 0.5
"""A point counts for the direction of an event if it lies further from what was expected than this many margins, and
than this share of the furthest point where that lies outside the band: beside it the others are noise."""
MIN_SCORER_SHARE = 0.1
"""Share of an event's anomalies at which a further scorer must have the highest score to be named too."""


def direction_of(value: float, expected: float) -> Direction:
    """Direction of a single value; "shape" where nothing was expected, or exactly that value."""
    return "above" if value > expected else "below" if value < expected else "shape"


def side_of(deviations: Floats) -> tuple[Direction, int | None]:
    """The side of an event and the index of its furthest point there; "shape" and None where no side is clear.

    deviations  (k,) value − expected of its anomalies, ÷ margin

    Points further away than CLEAR_SHARE decide. They may change side once, as at the end of a new level, and the first
    side is the event's. A burst of noise changes side often.
    """
    clear = np.flatnonzero(np.abs(deviations) > CLEAR_SHARE * np.nanmax(np.abs(deviations), initial=1.0))
    signs = np.sign(deviations[clear])
    if not clear.size or np.count_nonzero(np.diff(signs)) > 1:
        return "shape", None
    furthest = clear[np.argmax(signs[0] * deviations[clear])]
    return ("above" if signs[0] > 0 else "below"), int(furthest)


def top_scorers(
    scorer_scores: Mapping[ScorerId, Floats | Bools], anomalies: NDArray[np.intp], peak: int
) -> list[ScorerId]:
    """The scorer with the highest score at the peak, then those with the highest score at MIN_SCORER_SHARE of the
    anomalies or more: of each name the most frequent window.

    scorer_scores  (n,) by scorer
    anomalies      (k,) positions of the event's anomalies, in order; `peak` is one of them
    """
    scorers = list(scorer_scores)
    scores = np.stack([np.nan_to_num(each[anomalies]) for each in scorer_scores.values()])
    highest = np.argmax(scores, axis=0)
    top = scorers[highest[int(np.searchsorted(anomalies, peak))]]
    counts = np.bincount(highest, minlength=len(scorers))
    by_name = {top.name: top}
    for index in np.argsort(-counts, kind="stable").tolist():
        if counts[index] >= MIN_SCORER_SHARE * len(anomalies):
            by_name.setdefault(scorers[index].name, scorers[index])
    return list(by_name.values())
