"""The LSTM network: its weights, its training, its answers. Arrays in, arrays out; the only home of torch."""

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
Report = Callable[[float], None]
Chunks = Callable[[NDArray[np.int64]], tuple[torch.Tensor, torch.Tensor]]

INPUTS = 4  # last value, last residual of the linear path, whether the last value was known, the linear forecast
BLOCK = 256  # chunks judged at a time: as many as a core's cache holds
MAX_CHUNK = 256


@dataclass(frozen=True)
class TrainingConfig:
    """The network and its training; a step is one point of a series.

    chunk      steps judged at a time, after as many steps of run-up from a zero state
    most       chunks in one training pass: caps the work on long series
    passes     most training passes; a share of `patience` of them without gain on data kept back ends it earlier
    updates    fewest gradient steps worth taking: a short series gets more passes until it has had them
    gain       share of the linear path's loss that a network must get below to be kept
    hopeful    share it must have got below after a third of the passes for the others to be taken
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
    hopeful: float = 1.0
    clip: float = 6.0


DEFAULT_TRAINING = TrainingConfig()


class Network(nn.Module):
    """(batch, steps, INPUTS) -> (batch, steps[, outputs]): what to add to the linear path, in its residuals' scale."""

    def __init__(self, units: int, seed: int = 0, outputs: int = 1) -> None:
        super().__init__()
        self.lstm = nn.LSTM(INPUTS, units, batch_first=True)
        self.out = nn.Linear(units, outputs)
        chance = torch.Generator().manual_seed(seed)  # its own: fits in other threads share the global one
        for weight in self.lstm.parameters():
            nn.init.uniform_(weight, -(units**-0.5), units**-0.5, generator=chance)
        nn.init.zeros_(self.out.weight)  # starts as the linear path alone
        nn.init.zeros_(self.out.bias)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.lstm(inputs)  # (batch, steps, units)
        added: torch.Tensor = self.out(hidden).squeeze(-1)  # (batch, steps) of one output
        return added

    def weights(self) -> dict[str, Any]:
        """The weights, as arrays by name."""
        return {name: weight.cpu().numpy() for name, weight in self.state_dict().items()}

    @classmethod
    def from_weights(cls, weights: Mapping[str, Any], units: int) -> "Network":
        """The network that has these weights."""
        network = cls(units, outputs=len(weights["out.bias"]))
        network.load_state_dict({name: torch.from_numpy(np.array(weight)) for name, weight in weights.items()})
        return network


class Adam(torch.optim.Adam):
    """The same steps, without importing torch's compiler, which its decorators ask for: 1.4 s, and 70 MiB."""

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


def device() -> torch.device:
    """CUDA where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_one_thread() -> None:
    """One thread of the processor for torch: with more, a small network is slower, and its sums may differ."""
    torch.set_num_threads(1)


def train(
    inputs: Floats32, rest: Floats, seed: int, shape: TrainingConfig, report: Report
) -> tuple[Network | None, float | None]:
    """The network that did best on the chunks kept back, and its loss there as a share of the linear path's.

    inputs (n, INPUTS) in the network's scale; rest (n,) or (n, outputs): what the linear path leaves over, in units of
    what it usually does; NaN where missing. No network where none did better by Shape.gain; no loss either where the
    series is too short to keep any back.
    """
    steps = 2 * shape.chunk
    learn, keep = _split(len(rest), steps, shape, seed)
    if not len(learn) or not len(keep):
        return None, None
    where = device()
    ready = torch.from_numpy(inputs)
    wanted = torch.from_numpy(np.clip(rest, -1e6, 1e6).astype(np.float32))

    def chunks(starts: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        at = torch.from_numpy(starts[:, None] + np.arange(steps))  # (batch, steps)
        return ready[at].to(where), wanted[at].to(where)

    network = Network(shape.units, seed, rest.shape[1] if rest.ndim > 1 else 1).to(where)
    held_back = chunks(keep)
    alone = best = _loss_of(network, *held_back)
    best_weights, since = None, 0
    passes = _passes_for(learn, shape)
    for done, _ in enumerate(_passes(network, learn, chunks, seed, shape, passes, report), start=1):
        now = _loss_of(network, *held_back)
        since = 0 if now < best else since + 1
        if now < best:
            best, best_weights = now, {name: weight.clone() for name, weight in network.state_dict().items()}
        if since >= shape.patience * passes or (3 * done >= passes and best > shape.hopeful * alone):
            break
    loss = best / alone if alone else 1.0
    if best_weights is None or loss > shape.gain:
        return None, loss
    network.load_state_dict(best_weights)
    return network.eval(), loss


def _batches(learn: NDArray[np.int64], shape: TrainingConfig) -> int:
    return -(-len(learn[: shape.most]) // shape.batch)


def _passes_for(learn: NDArray[np.int64], shape: TrainingConfig) -> int:
    return max(shape.passes, -(-shape.updates // _batches(learn, shape)))


def _passes(
    network: Network,
    learn: NDArray[np.int64],
    chunks: Chunks,
    seed: int,
    shape: TrainingConfig,
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


def _split(n: int, steps: int, shape: TrainingConfig, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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


def choose_warm_up(
    network: Network, ready: Floats32, shape: TrainingConfig, tolerance: float
) -> tuple[Network | None, TrainingConfig]:
    """The network with the shortest run-up after which it no longer matters where the run-up began.

    Chunks half a chunk apart must add the same within `tolerance`, in the scale of the network. No network where
    even the longest run-up is too short: a live tail and the whole series would disagree.
    """
    for chunk in (shape.chunk, 2 * shape.chunk, MAX_CHUNK):
        longer = replace(shape, chunk=chunk)
        one, other = (predict(network, ready, first, longer, lambda fraction: None) for first in (0, chunk // 2))
        if np.max(np.abs(one - other), initial=0.0) <= tolerance:
            return network, longer
    return None, shape


def predict(network: Network, ready: Floats32, first: int, shape: TrainingConfig, report: Report) -> Floats:
    """What the network adds (n[, outputs]), all chunks of the series in batches, each after a run-up of its own."""
    chunk, lead = shape.chunk, first % shape.chunk
    windows = _windows(ready, chunk, lead)  # (chunks, 2 · chunk, INPUTS)
    outputs = network.out.out_features
    whole = np.zeros((len(windows), chunk, *([outputs] if outputs > 1 else [])))
    where = device()
    network = network.to(where)
    with torch.inference_mode():
        for start in range(0, len(windows), BLOCK):
            report(start / len(windows))
            out = network(windows[start : start + BLOCK].contiguous().to(where))  # (batch, 2 · chunk[, outputs])
            whole[start : start + BLOCK] = out[:, chunk:].cpu().numpy()
    return whole.reshape(-1, *whole.shape[2:])[lead : lead + len(ready)]


def _windows(ready: Floats32, chunk: int, lead: int) -> torch.Tensor:
    """Views (chunks, 2 · chunk, INPUTS): each chunk after the one before; `lead` points come before the series."""
    after = -(lead + len(ready)) % chunk
    padded = torch.from_numpy(np.pad(ready, ((chunk + lead, after), (0, 0))))
    return padded.unfold(0, 2 * chunk, chunk).transpose(1, 2)
