"""The detectors there are, and what each is told."""

from collections.abc import Mapping
from typing import Any

from anomaly_detection import Detector
from api import responses
from detectors import all_detectors
from parameters import Param, check_given, check_parameter, parameters


def check_parameters(detector: type[Detector], given: Mapping[str, Any]) -> None:
    """See `parameters.check_given`."""
    check_given(detector.fit, given)


def completed(detector: type[Detector], given: Mapping[str, Any]) -> dict[str, int | float]:
    """Every parameter in effect, where some are given. Raises BadParameter."""
    known = parameters(detector.fit)
    return {name: check_parameter(param, given.get(name, param.default)) for name, param in known.items()}


def described() -> list[dict[str, Any]]:
    """Every detector with its parameters; `memory` is the one it has with their defaults."""
    return [
        {
            "name": name,
            "title": detector.title,
            "help": detector.help,
            "memory": detector.fit(responses.NO_POINTS).memory,
            "params": [parameter(param) for param in parameters(detector.fit).values()],
        }
        for name, detector in all_detectors().items()
    ]


def parameter(param: Param) -> dict[str, Any]:
    """A parameter, as the page draws its field."""
    return {
        "name": param.name,
        "type": param.type,
        "default": param.default,
        "unit": param.unit,
        "minimum": param.minimum,
        "maximum": param.maximum,
        "help": param.help,
    }
