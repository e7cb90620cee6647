"""Rethresholding: another sigma, merge gap or event filter for a finished detection, without a new fit."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from anomaly_detection import Detection, Detector, parameters_of
from errors import BadParameter
from events.filter import EventFilter
from parameters import check_arguments, check_parameter


def rethreshold(
    detector: type[Detector],
    detection: Detection,
    changes: Mapping[str, Any],
    event_filter: EventFilter | None = None,
) -> Detection:
    """The detection with some parameters changed, and with another event filter where one is passed.

    It equals a detection by the same fit with these parameters: see `Detector.rethreshold`. A parameter set to its
    present value is no change. Raises UnknownName and BadParameter, also for a parameter that needs a new fit.
    """
    params = merge_params(detector, detection.params, changes)
    event_filter = detection.event_filter if event_filter is None else event_filter
    check_event_filter(detection, event_filter)
    if params != detection.params:
        only_merge_gap = {**params, "merge_gap": detection.params["merge_gap"]} == detection.params
        if only_merge_gap:
            detection = replace(detection, params=params, merge_gap=int(params["merge_gap"]))
        else:
            detection = detector.rethreshold(detection, params)
    return replace(detection, event_filter=event_filter)


def merge_params(detector: type[Detector], present: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter in effect. Raises UnknownName; BadParameter for a bad value, or one that needs a new fit."""
    check_arguments(detector.fit, changes)
    params = parameters_of(detector)
    checked = {name: check_parameter(params[name], value) for name, value in changes.items()}
    for name, value in checked.items():
        if name not in detector.adjustable_params and value != present[name]:
            message = f"{name} can only be changed by a new fit; make a new detection with it."
            raise BadParameter(message, name=name, adjustable_params=list(detector.adjustable_params))
    return {**present, **checked}


def check_event_filter(detection: Detection, event_filter: EventFilter) -> None:
    """Raises BadParameter for a direction where the detector expects no value that a point could lie above or below."""
    if event_filter.direction != "both" and len(detection.series) and not np.isfinite(detection.expected).any():
        message = "This detector expects no values, so no point lies above or below; leave direction at both."
        raise BadParameter(message, name="direction")
