"""Every detector by name, in plain sight. The first is the default."""

from anomaly_detection import Detector

DETECTORS: dict[str, type[Detector]] = {}
