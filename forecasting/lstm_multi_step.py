"""Forecasts up to 24 points ahead of a finished series: a regression in closed form, and an LSTM where that pays.

How far the values lay from what was forecast for them long before is what `LSTM.detect_offline` adds to its
one-step residuals. On most series a network improves the regression little, and what it adds is noise to a judgement
(decision 9 in docs/decisions); where a series follows a law that no line can tell, it finds what nothing else does.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from forecasting.lstm import LSTMForecaster
from forecasting.multi_step import HORIZONS, MultiStepRegression
from model import Network, TrainingConfig, predict, train
from timeseries import Floats, Note
from timeseries.robust import residual_std
from timeseries.windows import STEPS_PER_STD, WindowShape, fill_short_gaps, usable_windows

MAX_ONE_STEP_LOSS = 0.9
"""Share of the linear path's loss below which the one-step network shows that there is more to learn than a line."""
MAX_TRAINING_POINTS = 50_000
"""Most points, the last ones, that the network learns from."""
TRAINING = TrainingConfig(passes=60, updates=160, rate=0.03, gain=0.5, hopeful=0.75)
"""More steps than for one step ahead; a network that leaves more than half of the loss is left out."""


@dataclass(frozen=True, eq=False)
class MultiStepForecaster:
    """Each value is forecast 1 to HORIZONS points before it by `line`; `network`, if any, adds to that.

    usual  (HORIZONS,) what the line usually leaves over, in spreads of the series: the network's scale
    """

    line: MultiStepRegression
    near: LSTMForecaster
    usual: Floats
    network: Network | None

    @classmethod
    def fit(
        cls, values: Floats, period: int | None, near: LSTMForecaster, seed: int, report: Callable[[float], None]
    ) -> "MultiStepForecaster":
        """values (n,) evenly spaced, of the unit that the one-step forecaster was fitted on; NaN is missing."""
        line = MultiStepRegression.fit(values, period)
        plain = cls(line, near, np.ones(HORIZONS), None)
        if not line.length or near.loss is None or near.loss > MAX_ONE_STEP_LOSS:
            return plain
        last = values[-MAX_TRAINING_POINTS:]
        rest = np.full((len(last), HORIZONS), np.nan)
        for at, block in plain.left_over(last, report):
            rest[at] = block
        usual = np.array([residual_std(column) for column in rest.T])
        network, _ = train(near.seen(last), rest / usual, seed, TRAINING, report)
        return cls(line, near, usual, network)

    @property
    def notes(self) -> list[Note]:
        """Whether a network takes part."""
        if self.network is None:
            return []
        return [Note("lstm_multi_step", {"horizons": HORIZONS})]

    def left_over(self, values: Floats, report: Callable[[float], None]) -> Iterator[tuple[slice, Floats]]:
        """Points and, (m, HORIZONS), what the line's forecasts for them and for the points after leave over.

        Column h of the row of a point belongs to the point h later; all are made from what came before the row's own
        point. In spreads of the series; NaN where the window before is not known or the value is missing.
        """
        whole = self.line.scale.quantize(values)
        full = fill_short_gaps(whole, self.line.period)
        shape = WindowShape(self.line.length, 1)
        good = usable_windows(whole, full, shape.points) > 0
        later = sliding_window_view(np.append(whole, np.full(HORIZONS, np.nan)), HORIZONS)  # (n + 1, HORIZONS)
        for ends, block in shape.blocks(full):
            stop = min(ends.stop, len(values) - 1)
            at = slice(ends.start + 1, stop + 1)
            block = block[: stop - ends.start]
            rest = (later[at] - (block @ self.line.weights + self.line.offset)) / STEPS_PER_STD
            rest[~good[ends.start : stop]] = np.nan
            report(stop / len(values))
            yield at, rest

    def missed(self, values: Floats, report: Callable[[float], None]) -> Floats:
        """(n,) mean over the horizons of |value − forecast|, in spreads of the series; NaN where none is known."""
        total, count = np.zeros(len(values) + HORIZONS), np.zeros(len(values) + HORIZONS)
        if not self.line.length:
            return np.full(len(values), np.nan)
        added = np.zeros((0, HORIZONS))
        if self.network is not None:
            added = predict(self.network, self.near.seen(values), 0, TRAINING, report) * self.usual
        for at, rest in self.left_over(values, report):
            distance = np.abs(rest - added[at]) if len(added) else np.abs(rest)
            known = np.isfinite(distance)
            distance[~known] = 0.0
            for ahead in range(HORIZONS):
                total[at.start + ahead : at.stop + ahead] += distance[:, ahead]
                count[at.start + ahead : at.stop + ahead] += known[:, ahead]
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return mean[: len(values)]

    def state(self) -> dict[str, Any]:
        """Everything learned, but for the one-step forecaster."""
        weights = {} if self.network is None else self.network.weights()
        return {"line": self.line.state(), "usual": self.usual, "weights": weights}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], near: LSTMForecaster) -> "MultiStepForecaster":
        """What gave this state, beside its one-step forecaster."""
        network = Network.from_weights(state["weights"], TRAINING.units) if state["weights"] else None
        return cls(MultiStepRegression.from_state(state["line"]), near, np.asarray(state["usual"]), network)
