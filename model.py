"""The LSTM forecaster: each value expected from the values before it. Arrays in, arrays out; the only home of torch.

A linear path (`linear.py`) makes the first forecast; the LSTM (Hochreiter & Schmidhuber, 1997) learns what the
linear path leaves over, and where it learns nothing that holds on data kept back, the linear path stands alone.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from linear import REACH, SHORT, Linear, filled_in
from series import Bools, Floats

Floats32 = NDArray[np.float32]
Report = Callable[[float], None]
Chunks = Callable[[NDArray[np.int64]], tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Shape:
    """The network and its training; a step is one point of a series.

    chunk      steps judged at a time, after as many steps of run-up from a zero state
    most       chunks in one training pass: caps the work on long series
    passes     most training passes; a share of `patience` of them without gain on data kept back ends it earlier
    updates    fewest gradient steps worth taking: a short series gets more passes until it has had them
    gain       share of the linear path's loss that a network must get below to be kept
    clip       inputs (asinh of robust standard deviations) beyond ± clip are held there
    """

    units: int = 32
    chunk: int = 64
    most: int = 640
    passes: int = 15
    updates: int = 48
    patience: float = 1 / 3
    batch: int = 64
    rate: float = 0.01
    gain: float = 0.98
    clip: float = 6.0


INPUTS = 4  # last value, last residual of the linear path, whether the last value was known, the linear forecast
JUDGED = 256  # chunks judged at a time: as many as a core's cache holds
LONGEST_CHUNK = 256
SEEN = 20_000  # points on which the run-up is chosen
AGREE = 2e-4  # of the series' standard deviation: how far forecasts may depend on where the run-up began
GRID = 2.0**16  # inputs are rounded to 1/65536 of the spread, so that a change of unit changes no bit of them


class Network(nn.Module):
    """(batch, steps, INPUTS) -> (batch, steps): what to add to the linear forecast, in its residual's scale."""

    def __init__(self, units: int, seed: int = 0) -> None:
        super().__init__()
        self.lstm = nn.LSTM(INPUTS, units, batch_first=True)
        self.out = nn.Linear(units, 1)
        chance = torch.Generator().manual_seed(seed)  # its own: fits in other threads share the global one
        for weight in self.lstm.parameters():
            nn.init.uniform_(weight, -(units**-0.5), units**-0.5, generator=chance)
        nn.init.zeros_(self.out.weight)  # starts as the linear path alone
        nn.init.zeros_(self.out.bias)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.lstm(inputs)  # (batch, steps, units)
        added: torch.Tensor = self.out(hidden).squeeze(-1)  # (batch, steps)
        return added


class Adam(torch.optim.Adam):
    """The same steps, without importing torch's compiler, which its decorators ask for: 1.4 s, and 70 MiB."""

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


def robust_scale(values: Floats) -> tuple[float, float]:
    """Median and robust standard deviation (interquartile range ÷ 1.349) of the values that are not NaN.

    Where more than half of the values are equal, the plain standard deviation stands in; where all are, 1.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, centre, high = np.percentile(known, [25, 50, 75])
    spread = (high - low) / 1.349
    if spread <= 1e-9 * float(np.max(np.abs(known - centre))):
        spread = float(np.std(known))
    return float(centre), float(spread) if spread > 1e-12 * max(abs(centre), 1e-290) else max(abs(float(centre)), 1.0)


def device() -> torch.device:
    """CUDA where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class LSTMForecaster:
    """One-step-ahead expected values, learned from the series itself."""

    def __init__(
        self,
        centre: float,
        spread: float,
        linear: Linear,
        left: float,
        network: Network | None,
        loss: float | None,
        shape: Shape,
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
        shape: Shape = Shape(),
        report: Report = lambda fraction: None,
    ) -> "LSTMForecaster":
        """values (n,) in any unit; NaN is missing: it is neither learned from nor shown to the network as a value.

        The same values and seed give the same forecaster. `report` is told the done fraction and may raise to stop.
        """
        torch.set_num_threads(1)
        centre, spread = robust_scale(values)
        scaled = _scaled(values, centre, spread)
        linear = Linear.fit(scaled, periods)
        inputs, rest = _inputs(scaled, linear, linear.seasons(scaled))
        left = _typical(rest)
        network, loss = _train(inputs, rest, left, seed, shape, report)
        if network is not None:
            tolerance = AGREE * float(np.nanstd(scaled)) / left
            network, shape = _with_run_up(network, _ready(inputs[-SEEN:], left, shape.clip), shape, tolerance)
        return cls(centre, spread, linear, left, network, loss, shape)

    @property
    def notes(self) -> list[str]:
        """Whether the network takes part in the forecasts, and what it gains."""
        if self.loss is None:
            return ["Too short for the LSTM (512 points): a regression forecasts alone."]
        if self.network is None and self.loss <= self.shape.gain:
            return [
                "The LSTM's forecasts depended on points too far back; it was left out: a regression forecasts alone."
            ]
        if self.network is None:
            return ["The LSTM gained nothing on data kept back and was left out: a regression forecasts alone."]
        return [
            f"The LSTM lowers the loss of the regression beside it by {100 * (1 - self.loss):.2g} % on data kept back."
        ]

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
        torch.set_num_threads(1)
        scaled = _scaled(values, self.centre, self.spread)
        seasons = self.linear.seasons(scaled, since)
        shown = scaled[since:]
        inputs, _ = _inputs(shown, self.linear, seasons)
        hidden = np.zeros(len(shown), dtype=bool)
        return LSTMForecast(self, shown, seasons, hidden, inputs, first + since, report)

    def state(self) -> dict[str, Any]:
        """Scales and weights, as JSON values and arrays."""
        weights = {} if self.network is None else {k: v.cpu().numpy() for k, v in self.network.state_dict().items()}
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
        shape = Shape(**state["shape"])
        network = None
        if state["weights"]:
            network = Network(shape.units)
            network.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in state["weights"].items()})
        linear = Linear.from_state(state["linear"])
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
        added = _judge(by.network, ready, self.first, by.shape, self.report)
        return self._unscaled(self.inputs[:, 3] + by.left * added)

    def hiding(self, hidden: Bools) -> "LSTMForecast":
        """The forecasts made without showing the `hidden` points (n,); only inputs that change are made again."""
        rows = _after(hidden != self.hidden, REACH + 1)
        inputs = self.inputs.copy()
        inputs[rows] = _inputs_at(rows, np.where(hidden, np.nan, self.scaled), self)
        return replace(self, hidden=hidden, inputs=inputs)

    def _unscaled(self, scaled: Floats) -> Floats:
        expected = scaled * self.forecaster.spread + self.forecaster.centre
        expected[:SHORT] = np.nan
        return expected


def _after(flags: Bools, reach: int) -> NDArray[np.int64]:
    """Positions of the flagged points and of the `reach` points after each."""
    ends: NDArray[np.int64] = np.concatenate((np.zeros(reach + 1, dtype=np.int64), np.cumsum(flags, dtype=np.int64)))
    return np.flatnonzero(ends[reach + 1 :] > ends[: len(flags)])


def _scaled(values: Floats, centre: float, spread: float) -> Floats:
    scaled = (values - centre) / spread
    return np.round(np.clip(scaled, -1e9, 1e9) * GRID) / GRID


def _inputs(shown: Floats, linear: Linear, seasons: list[Floats]) -> tuple[Floats, Floats]:
    """What the network sees (n, INPUTS) and what the linear path leaves over (n,), NaN where missing."""
    expected = linear.forecast(shown, seasons)
    rest = shown - expected
    inputs = np.zeros((len(shown), INPUTS))
    inputs[1:, 0] = filled_in(shown, seasons)[:-1]
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
    inputs[:, 0] = filled_in(shown, forecast.seasons)[before]
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


def _typical(rest: Floats) -> float:
    """The robust standard deviation of what the linear path leaves over; never below a millionth of the spread."""
    known = np.abs(rest[np.isfinite(rest)])
    if not known.size:
        return 1.0
    return max(float(np.median(known)) / 0.6745, float(np.mean(known)) / 4, 1e-6)


def _train(
    inputs: Floats, rest: Floats, left: float, seed: int, shape: Shape, report: Report
) -> tuple[Network | None, float | None]:
    """The network that did best on the chunks kept back, and its loss there as a share of the linear path's.

    No network where none did better by Shape.gain; no loss either where the series is too short to keep any back.
    """
    steps = 2 * shape.chunk
    learn, keep = _split(len(rest), steps, shape, seed)
    if not len(learn) or not len(keep):
        return None, None
    where = device()
    ready = torch.from_numpy(_ready(inputs, left, shape.clip))
    wanted = torch.from_numpy(np.clip(rest / left, -1e6, 1e6).astype(np.float32))

    def chunks(starts: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        at = torch.from_numpy(starts[:, None] + np.arange(steps))  # (batch, steps)
        return ready[at].to(where), wanted[at].to(where)

    network = Network(shape.units, seed).to(where)
    held_back = chunks(keep)
    alone = best = _loss_of(network, *held_back)
    best_weights, since = None, 0
    passes = _passes_for(learn, shape)
    for _ in _passes(network, learn, chunks, seed, shape, passes, report):
        now = _loss_of(network, *held_back)
        since = 0 if now < best else since + 1
        if now < best:
            best, best_weights = now, {name: weight.clone() for name, weight in network.state_dict().items()}
        if since >= shape.patience * passes:
            break
    loss = best / alone if alone else 1.0
    if best_weights is None or loss > shape.gain:
        return None, loss
    network.load_state_dict(best_weights)
    return network.eval(), loss


def _batches(learn: NDArray[np.int64], shape: Shape) -> int:
    return -(-len(learn[: shape.most]) // shape.batch)


def _passes_for(learn: NDArray[np.int64], shape: Shape) -> int:
    return max(shape.passes, -(-shape.updates // _batches(learn, shape)))


def _passes(
    network: Network,
    learn: NDArray[np.int64],
    chunks: Chunks,
    seed: int,
    shape: Shape,
    passes: int,
    report: Report,
) -> Iterator[None]:
    """Trains the network, one pass over (at most `most` of) the chunks at a time (Adam; Kingma & Ba, 2015)."""
    batches = _batches(learn, shape)
    optimiser = Adam(network.parameters(), lr=shape.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, shape.rate, total_steps=passes * batches + 1)
    order = np.random.default_rng(seed)
    for done in range(passes):
        report(done / passes)
        chosen = order.permutation(learn)[: shape.most]
        for part in np.array_split(chosen, batches):
            optimiser.zero_grad()
            torch.autograd.backward(_loss(network, *chunks(part)))
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        yield


def _split(n: int, steps: int, shape: Shape, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts of the chunks to learn from and of those kept back; the two share no step."""
    blocks = np.arange(0, n - steps + 1, steps)
    if len(blocks) < 4:
        return blocks[:0], blocks[:0]
    kept = np.random.default_rng(seed).choice(len(blocks), min(max(len(blocks) // 8, 1), 256), replace=False)
    starts = np.arange(0, n - steps + 1, shape.chunk)
    taken = np.isin(starts // steps, kept) | np.isin((starts + steps - 1) // steps, kept)
    return starts[~taken], blocks[np.sort(kept)]


def _loss(network: Network, inputs: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean Huber loss over every step whose value is known."""
    known = torch.isfinite(wanted)
    distance = network(inputs) - torch.nan_to_num(wanted)
    loss = nn.functional.huber_loss(distance, torch.zeros_like(distance), reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)


def _loss_of(network: Network, inputs: torch.Tensor, wanted: torch.Tensor) -> float:
    with torch.inference_mode():
        return float(_loss(network, inputs, wanted))


def _with_run_up(network: Network, ready: Floats32, shape: Shape, tolerance: float) -> tuple[Network | None, Shape]:
    """The network with the shortest run-up after which it no longer matters where the run-up began.

    Chunks half a chunk apart must add the same within `tolerance`, in the scale of the network. No network where
    even the longest run-up is too short: a live tail and the whole series would disagree.
    """
    for chunk in (shape.chunk, 2 * shape.chunk, LONGEST_CHUNK):
        longer = replace(shape, chunk=chunk)
        one, other = (_judge(network, ready, first, longer, lambda fraction: None) for first in (0, chunk // 2))
        if np.max(np.abs(one - other), initial=0.0) <= tolerance:
            return network, longer
    return None, shape


def _judge(network: Network, ready: Floats32, first: int, shape: Shape, report: Report) -> Floats:
    """What the network adds (n,), all chunks of the series in batches, each after a run-up of its own."""
    chunk, lead = shape.chunk, first % shape.chunk
    windows = _windows(ready, chunk, lead)  # (chunks, 2 · chunk, INPUTS)
    whole = np.zeros((len(windows), chunk))
    where = device()
    network = network.to(where)
    with torch.inference_mode():
        for start in range(0, len(windows), JUDGED):
            report(start / len(windows))
            out = network(windows[start : start + JUDGED].contiguous().to(where))  # (batch, 2 · chunk)
            whole[start : start + JUDGED] = out[:, chunk:].cpu().numpy()
    return whole.ravel()[lead : lead + len(ready)]


def _windows(ready: Floats32, chunk: int, lead: int) -> torch.Tensor:
    """Views (chunks, 2 · chunk, INPUTS): each chunk after the one before; `lead` points come before the series."""
    after = -(lead + len(ready)) % chunk
    padded = torch.from_numpy(np.pad(ready, ((chunk + lead, after), (0, 0))))
    return padded.unfold(0, 2 * chunk, chunk).transpose(1, 2)
