"""The LSTM: a recurrent network that predicts what a linear forecast leaves over. The only module that imports torch.

Network    One layer of long short-term memory (Hochreiter & Schmidhuber, "Long Short-Term Memory", Neural Computation
           9(8), 1997) and a linear output. Its output is added to the forecast of `forecasting.autoregression`; the
           output layer starts at zero, so that an untrained network changes nothing.
Training   Huber loss (Huber, 1964), so that anomalies in the training data count little; Adam (Kingma & Ba, ICLR 2015)
           with a one-cycle learning rate (Smith & Topin, 2017); gradients clipped by their norm (Pascanu, Mikolov &
           Bengio, ICML 2013); early stopping on chunks held out of training (Prechelt, "Early Stopping, but When?",
           1998). A network that does not lower the loss there is discarded.
Inference  The series is cut into chunks at fixed positions, and each chunk is predicted from a zero state after a
           warm-up of as many steps. A prediction thus depends on a bounded number of points before it, and the last
           points of a stream get the prediction that they have in the complete series.

Arrays in, arrays out: n points, INPUTS numbers each, one or several outputs a point (one a forecast horizon).
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from timeseries import Floats

Floats32 = NDArray[np.float32]
Positions = NDArray[np.int64]
FractionCallback = Callable[[float], None]

INPUTS = 4
"""Numbers the network sees at each point: the last value, its residual of the linear forecast, whether that value was
known, and the linear forecast of the point itself."""
BATCH = 256
"""Chunks predicted together: as many as a core's cache holds."""
MAX_CHUNK = 256
"""Longest chunk, and warm-up, in steps."""
MAX_GRADIENT_NORM = 1.0
"""Norm to which gradients are clipped, as customary for recurrent networks."""
MIN_CHUNKS = 4
"""Fewer chunks, of warm-up and steps, are not trained on."""
MAX_TARGET = 1e6
"""Targets are clipped here, to stay within a float32."""


@dataclass(frozen=True)
class TrainingConfig:
    """Size and training of the network; a step is one point of the series.

    The defaults fit 10,000 points in less than a second on one core. Decision 9 in docs/decisions has the trials that
    are recorded; no trial of the single numbers is.

    hidden_size       units of the LSTM
    chunk_length      steps predicted at a time, after a warm-up of as many
    max_chunks        chunks of one epoch, at most: bounds the time of long series
    epochs            passes over the training chunks, at most
    min_updates       gradient steps, at least: short series get more epochs
    patience          share of the epochs without a lower validation loss after which training stops
    batch_size        chunks of one gradient step
    learning_rate     highest rate of the one-cycle schedule
    max_loss_ratio    validation loss ÷ that of the linear forecast that a network must get below; noise gains 2 % by
                      chance only seldom
    early_stop_ratio  the same ratio, to be reached after a third of the epochs for training to go on
    input_clip        inputs (asinh of robust standard deviations) are clipped to ± this: at some 200 deviations
    """

    hidden_size: int = 32
    chunk_length: int = 64
    max_chunks: int = 640
    epochs: int = 15
    min_updates: int = 48
    patience: float = 1 / 3
    batch_size: int = 64
    learning_rate: float = 0.01
    max_loss_ratio: float = 0.98
    early_stop_ratio: float = 1.0
    input_clip: float = 6.0

    @property
    def min_points(self) -> int:
        """Points of the shortest series that is trained on."""
        return MIN_CHUNKS * 2 * self.chunk_length

    def batches(self, chunks: int) -> int:
        """Gradient steps of one epoch over so many training chunks."""
        return -(-min(chunks, self.max_chunks) // self.batch_size)

    def epochs_for(self, chunks: int) -> int:
        """Epochs over so many training chunks: as many as `min_updates` needs."""
        return max(self.epochs, -(-self.min_updates // self.batches(chunks)))


DEFAULT_TRAINING = TrainingConfig()


class LSTMNetwork(nn.Module):
    """What to add to the linear forecast, in standard deviations of its residuals."""

    def __init__(self, hidden_size: int, seed: int = 0, outputs: int = 1) -> None:
        super().__init__()
        self.lstm = nn.LSTM(INPUTS, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, outputs)
        # A generator of its own: fits in other threads share torch's global one.
        generator = torch.Generator().manual_seed(seed)
        bound = hidden_size**-0.5
        for weight in self.lstm.parameters():
            nn.init.uniform_(weight, -bound, bound, generator=generator)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """inputs (batch, steps, INPUTS) from a zero state -> (batch, steps), or (batch, steps, outputs) of several."""
        hidden, _ = self.lstm(inputs)  # (batch, steps, hidden_size)
        correction: torch.Tensor = self.output(hidden)  # (batch, steps, outputs)
        return correction.squeeze(-1)  # (batch, steps) of one output

    def weights(self) -> dict[str, Any]:
        """The weights as arrays by name."""
        return {name: weight.cpu().numpy() for name, weight in self.state_dict().items()}

    @classmethod
    def from_weights(cls, weights: Mapping[str, Any], hidden_size: int) -> "LSTMNetwork":
        """The network with these weights."""
        network = cls(hidden_size, outputs=len(weights["output.bias"]))
        network.load_state_dict({name: torch.from_numpy(np.array(weight)) for name, weight in weights.items()})
        return network


class Adam(torch.optim.Adam):
    """torch's Adam, step for step, without the decorators that import torch's compiler: 1.4 s and 70 MiB saved.

    torch wraps these three methods for `torch.compile`, which is not used here. `tests/test_model.py` trains with both
    classes and fails where a later torch no longer gives the same weights or imports the compiler all the same.
    """

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


@dataclass(frozen=True, eq=False)
class TrainingData:
    """One series to train on: inputs (n, INPUTS), targets (n,) or (n, outputs) with NaN where unknown, on `device`."""

    inputs: torch.Tensor
    targets: torch.Tensor
    length: int
    device: torch.device

    def chunks(self, starts: Positions) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs (batch, length, INPUTS) and targets (batch, length[, outputs]) of the chunks that start there."""
        steps = torch.from_numpy(starts[:, None] + np.arange(self.length))  # (batch, length)
        return self.inputs[steps].to(self.device), self.targets[steps].to(self.device)


def device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_one_thread() -> None:
    """Makes torch use one CPU thread: with more, a small network is slower, and its sums may differ."""
    torch.set_num_threads(1)


def train(
    inputs: Floats32, targets: Floats, seed: int, config: TrainingConfig, report: FractionCallback
) -> tuple[LSTMNetwork | None, float | None]:
    """Trains a network; returns the best one and its validation loss ÷ that of the linear forecast.

    inputs (n, INPUTS); targets (n,) or (n, outputs): residuals of the linear forecast in their standard deviations,
    NaN where missing. The network is None where the ratio is not below `config.max_loss_ratio`; the ratio is None where
    the series is too short to hold chunks out. `report` gets the fraction done, and may raise to stop.
    """
    length = 2 * config.chunk_length
    training, validation = _split(len(targets), length, config.chunk_length, seed)
    if not len(training) or not len(validation):
        return None, None
    clipped = np.clip(targets, -MAX_TARGET, MAX_TARGET).astype(np.float32)
    data = TrainingData(torch.from_numpy(inputs), torch.from_numpy(clipped), length, device())
    network = LSTMNetwork(config.hidden_size, seed, targets.shape[1] if targets.ndim > 1 else 1).to(data.device)
    held_out = data.chunks(validation)
    linear_loss = best_loss = _evaluate(network, *held_out)
    best_weights = None
    stale_epochs = 0
    epochs = config.epochs_for(len(training))
    for epoch, _ in enumerate(_train_epochs(network, data, training, seed, config, report), start=1):
        loss = _evaluate(network, *held_out)
        stale_epochs += 1
        if loss < best_loss:
            stale_epochs = 0
            best_loss = loss
            best_weights = {name: weight.clone() for name, weight in network.state_dict().items()}
        unpromising = 3 * epoch >= epochs and best_loss > config.early_stop_ratio * linear_loss
        if stale_epochs >= config.patience * epochs or unpromising:
            break
    ratio = best_loss / linear_loss if linear_loss else 1.0
    if best_weights is None or ratio > config.max_loss_ratio:
        return None, ratio
    network.load_state_dict(best_weights)
    return network.eval(), ratio


def _split(n: int, length: int, stride: int, seed: int) -> tuple[Positions, Positions]:
    """Starts of the chunks to train on, one each `stride` steps, and of those held out; the two share no step.

    An eighth of the series is held out, at most 256 chunks; both are empty for fewer than MIN_CHUNKS.
    """
    blocks = np.arange(0, n - length + 1, length)
    if len(blocks) < MIN_CHUNKS:
        return blocks[:0], blocks[:0]
    held_out = np.random.default_rng(seed).choice(len(blocks), min(max(len(blocks) // 8, 1), 256), replace=False)
    starts = np.arange(0, n - length + 1, stride)
    overlaps = np.isin(starts // length, held_out) | np.isin((starts + length - 1) // length, held_out)
    return starts[~overlaps], blocks[np.sort(held_out)]


def _train_epochs(
    network: LSTMNetwork,
    data: TrainingData,
    starts: Positions,
    seed: int,
    config: TrainingConfig,
    report: FractionCallback,
) -> Iterator[None]:
    """Trains the network in place, one epoch at each `next`, on the chunks at `starts` in random order."""
    batches, epochs = config.batches(len(starts)), config.epochs_for(len(starts))
    optimizer = Adam(network.parameters(), lr=config.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=epochs * batches + 1)
    generator = np.random.default_rng(seed)
    for epoch in range(epochs):
        report(epoch / epochs)
        shuffled = generator.permutation(starts)[: config.max_chunks]
        for batch in np.array_split(shuffled, batches):
            optimizer.zero_grad()
            torch.autograd.backward(_loss(network, *data.chunks(batch)))
            nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT_NORM)
            optimizer.step()
            schedule.step()
        yield


def _loss(network: LSTMNetwork, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean Huber loss over every step whose target is known."""
    known = torch.isfinite(targets)
    error = network(inputs) - torch.nan_to_num(targets)
    loss = nn.functional.huber_loss(error, torch.zeros_like(error), reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)


def _evaluate(network: LSTMNetwork, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    with torch.inference_mode():
        return float(_loss(network, inputs, targets))


def predict(
    network: LSTMNetwork, inputs: Floats32, first: int, config: TrainingConfig, report: FractionCallback
) -> Floats:
    """(n,) or (n, outputs) what the network adds to the linear forecast at each point.

    inputs (n, INPUTS); `first` is the position of inputs[0] in the complete series, so that chunks begin at the same
    points wherever it was cut.
    """
    chunk = config.chunk_length
    lead = first % chunk
    windows = _windows(inputs, chunk, lead)  # (chunks, 2 · chunk, INPUTS)
    outputs = network.output.out_features
    correction = np.zeros((len(windows), chunk, *([outputs] if outputs > 1 else [])))  # (chunks, chunk[, outputs])
    target = device()
    network = network.to(target)
    with torch.inference_mode():
        for start in range(0, len(windows), BATCH):
            report(start / len(windows))
            batch = windows[start : start + BATCH].contiguous().to(target)  # (batch, 2 · chunk, INPUTS)
            predicted = network(batch)[:, chunk:]  # (batch, chunk[, outputs]), without the warm-up
            correction[start : start + BATCH] = predicted.cpu().numpy()
    points = correction.reshape(-1, *correction.shape[2:])  # (chunks · chunk[, outputs])
    return points[lead : lead + len(inputs)]  # (n[, outputs])


def _windows(inputs: Floats32, chunk: int, lead: int) -> torch.Tensor:
    """(chunks, 2 · chunk, INPUTS) a view of each chunk and the one before it; zeros outside of the series."""
    after = -(lead + len(inputs)) % chunk
    padded = torch.from_numpy(np.pad(inputs, ((chunk + lead, after), (0, 0))))
    return padded.unfold(0, 2 * chunk, chunk).transpose(1, 2)


def choose_run_up(
    network: LSTMNetwork, inputs: Floats32, config: TrainingConfig, tolerance: float
) -> tuple[LSTMNetwork | None, TrainingConfig]:
    """The network with the shortest chunk, and warm-up, after which it does not matter where chunks begin.

    Chunks that begin half a chunk later must give the same within `tolerance`, in the unit of the network's output.
    The network is None where even MAX_CHUNK is too short: a stream and the complete series would disagree.
    """
    for chunk in (config.chunk_length, 2 * config.chunk_length, MAX_CHUNK):
        longer = replace(config, chunk_length=chunk)
        aligned, shifted = (predict(network, inputs, first, longer, lambda fraction: None) for first in (0, chunk // 2))
        if np.max(np.abs(aligned - shifted), initial=0.0) <= tolerance:
            return network, longer
    return None, config
