"""Parameters of detectors, checked and completed."""

from collections.abc import Mapping
from typing import Any

from anomaly_detection import Detector, parameters_of
from parameters import check_arguments, check_parameter


def check_params(detector: type[Detector], params: Mapping[str, Any]) -> None:
    """Raises UnknownName for a parameter that a detector does not have, BadParameter for a bad value."""
    check_arguments(detector.fit, params)


def all_params(detector: type[Detector], params: Mapping[str, Any]) -> dict[str, int | float]:
    """Every parameter of a detector, absent ones with their default. Raises UnknownName, BadParameter."""
    check_params(detector, params)
    return {
        name: check_parameter(param, params.get(name, param.default)) for name, param in parameters_of(detector).items()
    }
