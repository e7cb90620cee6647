"""The LSTM forecaster: each value expected from the values before it. Arrays in, arrays out.

A linear path (`forecasting/autoregression.py`) makes the first forecast; the LSTM (Hochreiter & Schmidhuber, 1997)
learns what the linear path leaves over, and where it learns nothing that holds on data kept back, the linear path
stands alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.autoregression import REACH, Autoregression, fill_with_season
from model import (
    DEFAULT_TRAINING,
    INPUTS,
    Floats32,
    Network,
    Report,
    TrainingConfig,
    choose_warm_up,
    predict,
    train,
    use_one_thread,
)
from timeseries import Bools, Floats, Note
from timeseries.gap_filling import MAX_FILL
from timeseries.robust import median_and_iqr_std, residual_std

WARM_UP_SAMPLE = 20_000  # points on which the run-up is chosen
WARM_UP_TOLERANCE = 2e-4  # of the series' standard deviation: how far forecasts may depend on where the run-up began
INPUT_STEPS_PER_STD = (
    2.0**16
)  # inputs are rounded to 1/65536 of the std, so that a change of unit changes no bit of them


class LSTMForecaster:
    """One-step-ahead expected values, learned from the series itself."""

    def __init__(
        self,
        centre: float,
        spread: float,
        linear: Autoregression,
        left: float,
        network: Network | None,
        loss: float | None,
        shape: TrainingConfig,
    ) -> None:
        self.centre, self.spread, self.left, self.linear = centre, spread, left, linear
        self.network, self.loss, self.shape = network, loss, shape

    @classmethod
    def fit(
        cls,
        values: Floats,
        periods: Sequence[int] = (),
        *,
        seed: int = 0,
        shape: TrainingConfig = DEFAULT_TRAINING,
        report: Report = lambda fraction: None,
    ) -> "LSTMForecaster":
        """values (n,) in any unit; NaN is missing: it is neither learned from nor shown to the network as a value.

        The same values and seed give the same forecaster. `report` is told the done fraction and may raise to stop.
        """
        use_one_thread()
        centre, spread = median_and_iqr_std(values)
        scaled = _scaled(values, centre, spread)
        linear = Autoregression.fit(scaled, periods)
        inputs, rest = _inputs(scaled, linear, linear.seasons(scaled))
        left = residual_std(rest)
        network, loss = train(_ready(inputs, left, shape.clip), rest / left, seed, shape, report)
        if network is not None:
            tolerance = WARM_UP_TOLERANCE * float(np.nanstd(scaled)) / left
            network, shape = choose_warm_up(
                network, _ready(inputs[-WARM_UP_SAMPLE:], left, shape.clip), shape, tolerance
            )
        return cls(centre, spread, linear, left, network, loss, shape)

    @property
    def notes(self) -> list[Note]:
        """Whether the network takes part in the forecasts, and what it gains."""
        if self.loss is None:
            return [Note("lstm_too_short", {"min_points": 512})]
        if self.network is None and self.loss <= self.shape.gain:
            return [Note("lstm_memory_too_long")]
        if self.network is None:
            return [Note("lstm_no_gain")]
        return [Note("lstm_gain", {"percent": 100 * (1 - self.loss)})]

    @property
    def memory(self) -> int:
        """Points before the one that is forecast: run-up, chunk, and what the linear path of the first needs."""
        return self.linear.memory + self.run_up

    @property
    def run_up(self) -> int:
        """Points before the one that is forecast whose drafts enter its forecast."""
        return (2 * self.shape.chunk if self.network else 0) + 1

    @property
    def reach(self) -> int:
        """Points after a hidden one whose drafts may change."""
        return REACH

    def forecast(
        self, values: Floats, first: int = 0, report: Report = lambda fraction: None, since: int = 0
    ) -> "LSTMForecast":
        """What is expected of values (n,) of the same unit from position `since` on, each from those before it.

        `first` is the position of values[0] in a longer series: chunks start at the same positions then, and
        forecasts are the same wherever the series was cut. Those of the first `reach` points after `since` are not to
        be used: of what came before it, only the seasons are looked at.
        """
        use_one_thread()
        scaled = _scaled(values, self.centre, self.spread)
        seasons = self.linear.seasons(scaled, since)
        shown = scaled[since:]
        inputs, _ = _inputs(shown, self.linear, seasons)
        hidden = np.zeros(len(shown), dtype=bool)
        return LSTMForecast(self, shown, seasons, hidden, inputs, first + since, report)

    def seen(self, values: Floats) -> Floats32:
        """(n, INPUTS) what a network is shown of values (n,) of the same unit, in its scale."""
        scaled = _scaled(values, self.centre, self.spread)
        return _ready(_inputs(scaled, self.linear, self.linear.seasons(scaled))[0], self.left, self.shape.clip)

    def state(self) -> dict[str, Any]:
        """Scales and weights, as JSON values and arrays."""
        weights = {} if self.network is None else self.network.weights()
        return {
            "centre": self.centre,
            "spread": self.spread,
            "left": self.left,
            "linear": self.linear.state(),
            "weights": weights,
            "loss": self.loss,
            "shape": vars(self.shape),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "LSTMForecaster":
        """The forecaster that gave this state."""
        shape = TrainingConfig(**state["shape"])
        network = Network.from_weights(state["weights"], shape.units) if state["weights"] else None
        linear = Autoregression.from_state(state["linear"])
        return cls(state["centre"], state["spread"], linear, state["left"], network, state["loss"], shape)


@dataclass(frozen=True, eq=False)
class LSTMForecast:
    """The forecasts of one series, and what they are made from. Columns (n,); inputs (n, INPUTS)."""

    forecaster: LSTMForecaster
    scaled: Floats
    seasons: list[Floats]
    hidden: Bools
    inputs: Floats
    first: int
    report: Report

    @property
    def draft(self) -> Floats:
        """(n,) what the linear path alone expects, in the unit of the values."""
        return self._unscaled(self.inputs[:, 3])

    @property
    def expected(self) -> Floats:
        """(n,) in the unit of the values; NaN where nothing recent is known."""
        by = self.forecaster
        if by.network is None:
            return self.draft
        ready = _ready(self.inputs, by.left, by.shape.clip)
        added = predict(by.network, ready, self.first, by.shape, self.report)
        return self._unscaled(self.inputs[:, 3] + by.left * added)

    def hiding(self, hidden: Bools) -> "LSTMForecast":
        """The forecasts made without showing the `hidden` points (n,); only inputs that change are made again."""
        rows = _after(hidden != self.hidden, REACH + 1)
        inputs = self.inputs.copy()
        inputs[rows] = _inputs_at(rows, np.where(hidden, np.nan, self.scaled), self)
        return replace(self, hidden=hidden, inputs=inputs)

    def _unscaled(self, scaled: Floats) -> Floats:
        expected = scaled * self.forecaster.spread + self.forecaster.centre
        expected[:MAX_FILL] = np.nan
        return expected


def _after(flags: Bools, reach: int) -> NDArray[np.int64]:
    """Positions of the flagged points and of the `reach` points after each."""
    ends: NDArray[np.int64] = np.concatenate((np.zeros(reach + 1, dtype=np.int64), np.cumsum(flags, dtype=np.int64)))
    return np.flatnonzero(ends[reach + 1 :] > ends[: len(flags)])


def _scaled(values: Floats, centre: float, spread: float) -> Floats:
    scaled = (values - centre) / spread
    return np.round(np.clip(scaled, -1e9, 1e9) * INPUT_STEPS_PER_STD) / INPUT_STEPS_PER_STD


def _inputs(shown: Floats, linear: Autoregression, seasons: list[Floats]) -> tuple[Floats, Floats]:
    """What the network sees (n, INPUTS) and what the linear path leaves over (n,), NaN where missing."""
    expected = linear.forecast(shown, seasons)
    rest = shown - expected
    inputs = np.zeros((len(shown), INPUTS))
    inputs[1:, 0] = fill_with_season(shown, seasons)[:-1]
    inputs[1:, 1] = rest[:-1]
    inputs[1:, 2] = np.isfinite(shown[:-1])
    inputs[:, 3] = expected
    return inputs, rest


def _inputs_at(rows: NDArray[np.int64], shown: Floats, forecast: "LSTMForecast") -> Floats:
    """The rows (m, INPUTS) of `_inputs` at some positions (m,), where all that changed lies among them."""
    expected = forecast.inputs[:, 3].copy()
    expected[rows] = forecast.forecaster.linear.forecast(shown, forecast.seasons, rows)
    before = np.maximum(rows - 1, 0)
    inputs = np.zeros((len(rows), INPUTS))
    inputs[:, 0] = fill_with_season(shown, forecast.seasons)[before]
    inputs[:, 1] = shown[before] - expected[before]
    inputs[:, 2] = np.isfinite(shown[before])
    inputs[rows == 0, :3] = 0.0
    inputs[:, 3] = expected[rows]
    return inputs


def _ready(inputs: Floats, left: float, clip: float) -> Floats32:
    """Inputs in the network's scale, missing ones 0 (the third input tells them from real zeros)."""
    ready: Floats32 = inputs.astype(np.float32)
    ready[:, 1] /= np.float32(left)
    np.arcsinh(ready, out=ready)
    np.clip(ready, -clip, clip, out=ready)
    return np.nan_to_num(ready, copy=False)
