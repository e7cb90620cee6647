"""One-step forecasts: a regression, corrected by the LSTM of `model.py`. Arrays in, arrays out.

`forecasting.autoregression` makes the first forecast, and the LSTM learns its residuals. Where it learns nothing that
holds on data held out of training, the regression forecasts without it (decision 9 in docs/decisions).

The forecaster is our own, as the forecasts of a stream's last points must equal those in the complete series, which
the LSTMs of forecasting libraries do not promise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.autoregression import LAGS, MASK_REACH, Autoregression, fill_with_season
from model import (
    DEFAULT_TRAINING,
    INPUTS,
    Floats32,
    FractionCallback,
    LSTMNetwork,
    TrainingConfig,
    choose_run_up,
    predict,
    train,
    use_one_thread,
)
from timeseries import Bools, Floats, Note
from timeseries.intervals import count_within
from timeseries.robust import median_and_iqr_std, residual_std

WARM_UP_SAMPLE = 20_000
"""Points, the last ones, on which the warm-up is chosen."""
WARM_UP_TOLERANCE = 2e-4
"""Standard deviations of the series by which a forecast may depend on where its chunk begins."""
INPUT_STEPS_PER_STD = 2.0**16
"""Inputs are rounded to 1/65536 of the standard deviation: a change of unit then changes no bit of them."""
MAX_SCALED = 1e9
"""Scaled values are clipped here, so that products of them stay within a float64."""


@dataclass(frozen=True, eq=False)
class LSTMForecaster:
    """Expects each value from those before it.

    centre, std   robust location and scale of the series, in the unit of the values; what follows is in this scale
    regression    the first forecast
    residual_std  of the regression: the scale of the network's output
    network       None where it takes no part
    loss_ratio    validation loss of the network ÷ that of the regression; None where the series was too short
    config        of the training; its chunk length is that of the forecasts
    """

    centre: float
    std: float
    regression: Autoregression
    residual_std: float
    network: LSTMNetwork | None
    loss_ratio: float | None
    config: TrainingConfig

    @classmethod
    def fit(
        cls,
        values: Floats,
        periods: Sequence[int] = (),
        *,
        seed: int = 0,
        config: TrainingConfig = DEFAULT_TRAINING,
        report: FractionCallback = lambda fraction: None,
    ) -> "LSTMForecaster":
        """Fits regression and network to values (n,) in any unit; NaN is missing and not learned.

        The same values and seed give the same forecaster. `report` gets the fraction done and may raise to stop.
        """
        use_one_thread()
        centre, std = median_and_iqr_std(values)
        scaled = _scale(values, centre, std)
        regression = Autoregression.fit(scaled, periods)
        raw, residuals = _inputs(scaled, regression, regression.seasons(scaled))
        scale = residual_std(residuals)
        inputs = _network_inputs(raw, scale, config.input_clip)
        network, loss_ratio = train(inputs, residuals / scale, seed, config, report)
        if network is not None:
            tolerance = WARM_UP_TOLERANCE * float(np.nanstd(scaled)) / scale
            network, config = choose_run_up(network, inputs[-WARM_UP_SAMPLE:], config, tolerance)
        return cls(centre, std, regression, scale, network, loss_ratio, config)

    @property
    def notes(self) -> list[Note]:
        """Whether the network takes part in the forecasts, and what it gains."""
        if self.loss_ratio is None:
            return [Note("lstm_too_short", {"min_points": self.config.min_points})]
        if self.network is None and self.loss_ratio <= self.config.max_loss_ratio:
            return [Note("lstm_memory_too_long")]
        if self.network is None:
            return [Note("lstm_no_gain")]
        return [Note("lstm_gain", {"percent": 100 * (1 - self.loss_ratio)})]

    @property
    def memory(self) -> int:
        """Points before a point that its forecast is made from: chunk, warm-up, and the first one's regression."""
        return self.regression.memory + self.context

    @property
    def context(self) -> int:
        """Points before a point whose preliminary forecasts enter its forecast."""
        return (2 * self.config.chunk_length if self.network else 0) + 1

    @property
    def mask_reach(self) -> int:
        """Points after a masked one whose preliminary forecasts may change."""
        return MASK_REACH

    def forecast(
        self, values: Floats, first: int = 0, report: FractionCallback = lambda fraction: None, since: int = 0
    ) -> "LSTMForecast":
        """Forecasts of values (n,) from position `since` on, each from the values before it; same unit as fitted.

        `first` is the position of values[0] in a longer series: chunks begin at the same positions then, and forecasts
        are the same wherever the series was cut. Those of the first `mask_reach` points after `since` are not to be
        used: of the points before them, only the seasons are known.
        """
        use_one_thread()
        scaled = _scale(values, self.centre, self.std)
        seasons = self.regression.seasons(scaled, since)
        recent = scaled[since:]
        inputs, _ = _inputs(recent, self.regression, seasons)
        return LSTMForecast(self, recent, seasons, np.zeros(len(recent), dtype=bool), inputs, first + since, report)

    def network_inputs(self, values: Floats) -> Floats32:
        """(n, INPUTS) the inputs of a network for values (n,) of the unit that was fitted."""
        scaled = _scale(values, self.centre, self.std)
        inputs, _ = _inputs(scaled, self.regression, self.regression.seasons(scaled))
        return _network_inputs(inputs, self.residual_std, self.config.input_clip)

    def state(self) -> dict[str, Any]:
        """Scales and weights, as JSON values and arrays."""
        return {
            "centre": self.centre,
            "std": self.std,
            "regression": self.regression.state(),
            "residual_std": self.residual_std,
            "weights": {} if self.network is None else self.network.weights(),
            "loss_ratio": self.loss_ratio,
            "config": asdict(self.config),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "LSTMForecaster":
        """Inverse of `state`."""
        config = TrainingConfig(**state["config"])
        return cls(
            state["centre"],
            state["std"],
            Autoregression.from_state(state["regression"]),
            state["residual_std"],
            LSTMNetwork.from_weights(state["weights"], config.hidden_size) if state["weights"] else None,
            state["loss_ratio"],
            config,
        )


@dataclass(frozen=True, eq=False)
class LSTMForecast:
    """The forecasts of one series and what they are made from.

    scaled (n,) values; seasons, columns (n,); masked (n,) which values are treated as missing; inputs (n, INPUTS);
    first, the position of the first point modulo a chunk.
    """

    forecaster: LSTMForecaster
    scaled: Floats
    seasons: list[Floats]
    masked: Bools
    inputs: Floats
    first: int
    report: FractionCallback

    @property
    def preliminary(self) -> Floats:
        """(n,) what the regression expects, in the unit of the values."""
        return self._unscale(self.inputs[:, 3])

    @property
    def expected(self) -> Floats:
        """(n,) in the unit of the values; NaN where nothing recent is known."""
        forecaster = self.forecaster
        if forecaster.network is None:
            return self.preliminary
        inputs = _network_inputs(self.inputs, forecaster.residual_std, forecaster.config.input_clip)
        correction = predict(forecaster.network, inputs, self.first, forecaster.config, self.report)
        return self._unscale(self.inputs[:, 3] + forecaster.residual_std * correction)

    def masking(self, masked: Bools) -> "LSTMForecast":
        """The forecasts with the `masked` points (n,) treated as missing; only inputs that change are made anew."""
        rows = _points_after(masked != self.masked, MASK_REACH + 1)
        inputs = self.inputs.copy()
        inputs[rows] = _inputs_at(rows, np.where(masked, np.nan, self.scaled), self)
        return replace(self, masked=masked, inputs=inputs)

    def _unscale(self, scaled: Floats) -> Floats:
        expected = scaled * self.forecaster.std + self.forecaster.centre
        expected[:LAGS] = np.nan
        return expected


def _points_after(flags: Bools, reach: int) -> NDArray[np.int64]:
    """Positions of the flagged points and of the `reach` points after each."""
    return np.flatnonzero(count_within(flags, reach, 0))


def _scale(values: Floats, centre: float, std: float) -> Floats:
    """(n,) in robust standard deviations from the centre, rounded to 1/INPUT_STEPS_PER_STD."""
    scaled = (values - centre) / std
    return np.round(np.clip(scaled, -MAX_SCALED, MAX_SCALED) * INPUT_STEPS_PER_STD) / INPUT_STEPS_PER_STD


def _inputs(scaled: Floats, regression: Autoregression, seasons: list[Floats]) -> tuple[Floats, Floats]:
    """Inputs (n, INPUTS) before scaling for the network, and residuals (n,) of the regression; NaN where missing."""
    expected = regression.forecast(scaled, seasons)
    residuals = scaled - expected
    inputs = np.zeros((len(scaled), INPUTS))
    inputs[1:, 0] = fill_with_season(scaled, seasons)[:-1]
    inputs[1:, 1] = residuals[:-1]
    inputs[1:, 2] = np.isfinite(scaled[:-1])
    inputs[:, 3] = expected
    return inputs, residuals


def _inputs_at(rows: NDArray[np.int64], scaled: Floats, forecast: LSTMForecast) -> Floats:
    """(m, INPUTS) the rows (m,) of `_inputs` for changed values (n,), where every row that changes is among them."""
    expected = forecast.inputs[:, 3].copy()
    expected[rows] = forecast.forecaster.regression.forecast(scaled, forecast.seasons, rows)
    previous = np.maximum(rows - 1, 0)
    inputs = np.zeros((len(rows), INPUTS))
    inputs[:, 0] = fill_with_season(scaled, forecast.seasons)[previous]
    inputs[:, 1] = scaled[previous] - expected[previous]
    inputs[:, 2] = np.isfinite(scaled[previous])
    inputs[rows == 0, :3] = 0.0
    inputs[:, 3] = expected[rows]
    return inputs


def _network_inputs(inputs: Floats, residual_scale: float, clip: float) -> Floats32:
    """(n, INPUTS) as the network sees them: residuals scaled, all asinh, clipped; 0 for NaN, which the third input
    tells from real zeros."""
    network_inputs: Floats32 = inputs.astype(np.float32)
    network_inputs[:, 1] /= np.float32(residual_scale)
    np.arcsinh(network_inputs, out=network_inputs)
    np.clip(network_inputs, -clip, clip, out=network_inputs)
    return np.nan_to_num(network_inputs, copy=False)
