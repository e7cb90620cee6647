"""The default detector: several scorers and a forecast, combined."""

from detectors.auto.detector import Auto

__all__ = ["Auto"]
