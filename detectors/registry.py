"""Every detector by name. The first is the default."""

from anomaly_detection import Detector
from detectors.auto.detector import Auto
from detectors.level_spread import LevelSpread
from detectors.lstm import LSTM
from detectors.matrix_profile import MatrixProfile
from detectors.multi_horizon import MultiHorizon
from detectors.robust_zscore import RobustZScore
from detectors.rolling_zscore import RollingZScore
from detectors.seasonal import Seasonal
from detectors.seasonal_naive import SeasonalNaive
from detectors.subspace import Subspace

DETECTORS: dict[str, type[Detector]] = {
    "auto": Auto,
    "lstm": LSTM,
    "rolling_zscore": RollingZScore,
    "seasonal_naive": SeasonalNaive,
    "robust_zscore": RobustZScore,
    "subspace": Subspace,
    "level_spread": LevelSpread,
    "matrix_profile": MatrixProfile,
    "multi_horizon": MultiHorizon,
    "seasonal": Seasonal,
}
