"""Judging again: another sigma, gap or way of counting, from a judgement that was kept, without a fit."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from anomaly_detection import Detection, Detector, parameters_of
from errors import BadParameter
from events.filter import EventFilter
from parameters import check_given, check_parameter


def rethreshold(
    detector: type[Detector], kept: Detection, given: Mapping[str, Any], counting: EventFilter | None = None
) -> Detection:
    """What the detector's `kept` judgement becomes with the given parameters, the others as they are.

    It equals what the same fit would judge with them, `detector.again` says how. A parameter that is given its present
    value is none. Raises UnknownName and BadParameter, also for a parameter that needs a new fit.
    """
    params = full_params(detector, kept.params, given)
    counting = kept.counting if counting is None else counting
    check_counting(kept, counting)
    if params != kept.params:
        only_merge_gap = {**params, "merge_gap": kept.params["merge_gap"]} == kept.params
        kept = (
            replace(kept, params=params, merge_gap=int(params["merge_gap"]))
            if only_merge_gap
            else detector.rethreshold(kept, params)
        )
    return replace(kept, counting=counting)


def full_params(detector: type[Detector], before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter in effect. Raises UnknownName; BadParameter for a bad value, or one that needs a new fit."""
    check_given(detector.fit, given)
    known = parameters_of(detector)
    new = {name: check_parameter(known[name], value) for name, value in given.items()}
    for name, value in new.items():
        if name not in detector.adjustable_params and value != before[name]:
            said = f"{name} can only be changed by a new fit; make a new detection with it."
            raise BadParameter(said, name=name, adjustable_params=list(detector.adjustable_params))
    return {**before, **new}


def check_counting(kept: Detection, counting: EventFilter) -> None:
    """Raises BadParameter for a direction where nothing is expected that values could lie above or below."""
    if counting.direction != "both" and len(kept.series) and not np.isfinite(kept.expected).any():
        said = "This detector expects no values, so no point lies above or below; leave direction at both."
        raise BadParameter(said, name="direction")
