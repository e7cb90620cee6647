"""Detectors, one file each, and their look-up by name.

This module imports none of them: importing torch takes longer than starting the server.
"""

from anomaly_detection import Detector
from errors import UnknownName


def all_detectors() -> dict[str, type[Detector]]:
    """Every detector by name. The first call imports them."""
    from detectors.registry import DETECTORS

    return DETECTORS


def default_detector() -> str:
    """The name of the detector used where a request names none: the first one."""
    return next(iter(all_detectors()))


def find_detector(name: str) -> type[Detector]:
    """A detector by name. Raises UnknownName."""
    detectors = all_detectors()
    if name not in detectors:
        message = f"There is no detector {name!r}; use one of {', '.join(detectors)}."
        raise UnknownName(message, name=name, known=sorted(detectors))
    return detectors[name]
