"""Forecasts up to 24 points ahead of a finished series: a regression, and an LSTM where that pays.

`LSTM.detect_offline` adds the errors of forecasts made long before a point to its one-step residuals. On most series a
network improves the regression little and adds noise to the score; where a series follows a nonlinear law, it detects
what nothing else does (decision 9 in docs/decisions).

Our own for the same reason as `forecasting.lstm`, whose inputs the network shares.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from forecasting.lstm import LSTMForecaster
from forecasting.multi_step import HORIZONS, MultiStepRegression
from model import LSTMNetwork, TrainingConfig, predict, train
from timeseries import Floats, Note
from timeseries.robust import residual_std
from timeseries.windows import STEPS_PER_STD, WindowShape, fill_short_gaps, usable_windows

MAX_ONE_STEP_LOSS_RATIO = 0.9
"""Loss ratio of the one-step network above which no multi-step network is trained: the series is linear."""
MAX_TRAINING_POINTS = 50_000
"""Points, the last ones, that the network learns from."""
TRAINING = TrainingConfig(epochs=60, min_updates=160, learning_rate=0.03, max_loss_ratio=0.5, early_stop_ratio=0.75)
"""Longer than for one step ahead; a network that leaves more than half of the loss is discarded (decision 9)."""


@dataclass(frozen=True, eq=False)
class MultiStepForecaster:
    """Forecasts each value 1 to HORIZONS points before it.

    regression     the forecasts
    one_step       whose inputs the network shares
    residual_stds  (HORIZONS,) of the regression, in standard deviations of the series: the network's scale
    network        corrects the forecasts; None where it takes no part
    """

    regression: MultiStepRegression
    one_step: LSTMForecaster
    residual_stds: Floats
    network: LSTMNetwork | None

    @classmethod
    def fit(
        cls, values: Floats, period: int | None, one_step: LSTMForecaster, seed: int, report: Callable[[float], None]
    ) -> "MultiStepForecaster":
        """values (n,) evenly spaced, of the unit that the one-step forecaster was fitted on; NaN is missing."""
        regression = MultiStepRegression.fit(values, period)
        without_network = cls(regression, one_step, np.ones(HORIZONS), None)
        nonlinear = one_step.loss_ratio is not None and one_step.loss_ratio <= MAX_ONE_STEP_LOSS_RATIO
        if not regression.length or not nonlinear:
            return without_network
        recent = values[-MAX_TRAINING_POINTS:]
        residuals = np.full((len(recent), HORIZONS), np.nan)
        for rows, block in without_network.residuals(recent, report):
            residuals[rows] = block
        stds = np.array([residual_std(column) for column in residuals.T])
        network, _ = train(one_step.network_inputs(recent), residuals / stds, seed, TRAINING, report)
        return cls(regression, one_step, stds, network)

    @property
    def notes(self) -> list[Note]:
        """Whether a network takes part."""
        return [] if self.network is None else [Note("lstm_multi_step", {"horizons": HORIZONS})]

    def residuals(self, values: Floats, report: Callable[[float], None]) -> Iterator[tuple[slice, Floats]]:
        """Blocks of rows, and their residuals (m, HORIZONS) of the regression, in standard deviations of the series.

        Column h of a point's row belongs to the point h later; the complete row is forecast from the points before the
        point. NaN where the window before is not usable or the value is missing.
        """
        quantized = self.regression.scale.quantize(values)
        filled = fill_short_gaps(quantized, self.regression.period)
        shape = WindowShape(self.regression.length, 1)
        usable = usable_windows(quantized, filled, shape.points) > 0
        padded = np.append(quantized, np.full(HORIZONS, np.nan))
        ahead = sliding_window_view(padded, HORIZONS)  # (n + 1, HORIZONS)
        for ends, block in shape.blocks(filled):
            stop = min(ends.stop, len(values) - 1)
            rows = slice(ends.start + 1, stop + 1)
            forecasts = block[: stop - ends.start] @ self.regression.weights + self.regression.offset  # (m, HORIZONS)
            residuals = (ahead[rows] - forecasts) / STEPS_PER_STD
            residuals[~usable[ends.start : stop]] = np.nan
            report(stop / len(values))
            yield rows, residuals

    def mean_error(self, values: Floats, report: Callable[[float], None]) -> Floats:
        """(n,) mean over the horizons of |value − forecast|, in stds of the series; NaN where unknown."""
        if not self.regression.length:
            return np.full(len(values), np.nan)
        total = np.zeros(len(values) + HORIZONS)
        count = np.zeros(len(values) + HORIZONS)
        correction = np.zeros((0, HORIZONS))
        if self.network is not None:
            inputs = self.one_step.network_inputs(values)
            correction = predict(self.network, inputs, 0, TRAINING, report) * self.residual_stds  # (n, HORIZONS)
        for rows, residuals in self.residuals(values, report):
            errors = np.abs(residuals - correction[rows]) if len(correction) else np.abs(residuals)
            known = np.isfinite(errors)
            errors[~known] = 0.0
            for ahead in range(HORIZONS):
                total[rows.start + ahead : rows.stop + ahead] += errors[:, ahead]
                count[rows.start + ahead : rows.stop + ahead] += known[:, ahead]
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return mean[: len(values)]

    def state(self) -> dict[str, Any]:
        """Regression and network; the detector stores the one-step forecaster."""
        weights = {} if self.network is None else self.network.weights()
        return {"regression": self.regression.state(), "residual_stds": self.residual_stds, "weights": weights}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], one_step: LSTMForecaster) -> "MultiStepForecaster":
        """Inverse of `state`."""
        weights = state["weights"]
        network = LSTMNetwork.from_weights(weights, TRAINING.hidden_size) if weights else None
        return cls(
            MultiStepRegression.from_state(state["regression"]), one_step, np.asarray(state["residual_stds"]), network
        )
