"""Every detector by name, in plain sight. The first is the default."""

from anomaly_detection import Detector
from detectors.rolling_zscore import RollingZScore

DETECTORS: dict[str, type[Detector]] = {
    "rolling_zscore": RollingZScore,
}
