"""Labelled demo series and the endless demo stream, as pure functions of kind, seed and time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from errors import BadParameter, UnknownName
from evaluation.fault_injection import FAULTS, find_fault, inject_fault
from parameters import Param, check_parameter, parameters
from timeseries import Floats, Series, Times

__all__ = [
    "FAULTS",
    "KINDS",
    "START",
    "STREAM_STEP_MS",
    "Demo",
    "Kind",
    "clean",
    "demo",
    "inject_fault",
    "stream_values",
]

Bools = NDArray[np.bool_]
Points = Annotated[int, Param("points", 50, 1_000_000, "How many points the series has.")]
Seed = Annotated[int, Param(None, 0, 2**32 - 1, "The same seed gives the same series.")]

START = np.datetime64("2026-01-05T00:00:00", "ms")
"""Time of the first point: a Monday, midnight UTC."""


@dataclass(frozen=True)
class Kind:
    """A kind of demo series.

    step_ms         milliseconds between points
    cycle           points in one cycle; a kind without one has a typical length for faults here
    default_faults  names of the faults that `demo` injects by default, in this order
    generate        (positions (n,), generator) -> values (n,)
    min_value       smallest possible value, in the series' unit
    is_integer      whether all values are integers
    """

    name: str
    title: str
    help: str
    step_ms: int
    cycle: int
    default_faults: tuple[str, ...]
    generate: Callable[[Floats, np.random.Generator], Floats] = field(repr=False)
    min_value: float = -np.inf
    is_integer: bool = False

    def clip(self, values: Floats) -> Floats:
        """The nearest values (n,) that this kind can have."""
        return np.maximum(np.rint(values) if self.is_integer else values, self.min_value)


@dataclass(frozen=True, eq=False)
class Demo:
    """A series with known faults.

    labels     (n,) true inside a fault. Outside, values equal those of `clean`, bit for bit. The first and the last
               labelled point of a fault differ from it; those between may equal it by chance (a count, say)
    anomalies  (name, start, stop) of each fault, half-open positions, in order of time
    """

    series: Series
    labels: Bools
    kind: str
    anomalies: tuple[tuple[str, int, int], ...]


def _wave(at: Floats, period: float, phase: float = 0.0) -> Floats:
    """A cosine of amplitude 1 with its minimum at phase 0."""
    return -np.cos(2 * np.pi * (at / period - phase))


def _wander(at: Floats, rng: np.random.Generator, shortest: float, longest: float) -> Floats:
    """A slow, smooth signal of standard deviation 1 that does not repeat: eight sines with periods between the two."""
    periods = np.exp(rng.uniform(np.log(shortest), np.log(longest), 8))
    phases = rng.uniform(0, 2 * np.pi, 8)
    total = np.zeros(len(at))
    for period, phase in zip(periods, phases, strict=True):
        total += np.sin(2 * np.pi * at / period + phase)
    return total / 2


def _seasonal(at: Floats, rng: np.random.Generator) -> Floats:
    daily = _wave(at, 24) + 0.3 * np.sin(4 * np.pi * at / 24)
    weekend = (at // 24) % 7 >= 5
    return 100 + np.where(weekend, 13.0, 20.0) * daily - 6.0 * weekend + rng.normal(0, 2, len(at))


def _trend(at: Floats, rng: np.random.Generator) -> Floats:
    return 50 + 40 * at / len(at) + 4 * _wave(at, 24) + rng.normal(0, 1, len(at))


def _business_hours(at: Floats, rng: np.random.Generator) -> Floats:
    hour, weekday = (at % 48) / 2, (at // 48) % 7
    office_hours = 1 / (1 + np.exp(-3 * (hour - 8))) - 1 / (1 + np.exp(-3 * (hour - 18)))
    lunch = 1 - 0.25 * np.exp(-((hour - 12.5) ** 2))
    load = 15 + 200 * np.where(weekday < 5, 1.0, 0.15) * office_hours * lunch
    return np.maximum(load * (1 + rng.normal(0, 0.06, len(at))), 0)


def _counts(at: Floats, rng: np.random.Generator) -> Floats:
    return rng.poisson(100 + 60 * _wave(at, 96)).astype(np.float64)


def _heartbeat(at: Floats, rng: np.random.Generator) -> Floats:
    """P, Q, R, S and T as Gaussians over the phase of the beat, after McSharry et al., IEEE TBME 50(3), 2003."""
    phase = at / 40 + 0.05 * _wander(at, rng, 200, 900)
    beat = np.zeros(len(at))
    for centre, height, width in [(0.3, 0.15, 0.05), (0.45, -0.12, 0.02), (0.5, 1.0, 0.025), (0.55, -0.2, 0.02)]:
        beat += height * np.exp(-0.5 * ((phase % 1 - centre) / width) ** 2)
    beat += 0.3 * np.exp(-0.5 * ((phase % 1 - 0.75) / 0.06) ** 2)
    return beat + rng.normal(0, 0.02, len(at))


def _random_walk(at: Floats, rng: np.random.Generator) -> Floats:
    return 100 + np.cumsum(rng.normal(0, 1, len(at)))


def _machine_temperature(at: Floats, rng: np.random.Generator) -> Floats:
    return 85 + 3 * _wander(at, rng, 300, 3000) + 2 * _wave(at, 288) + rng.normal(0, 0.5, len(at))


_MINUTE = 60_000
_PATTERNS = ("flat_line", "changed_amplitude", "missing_cycle", "changed_frequency", "noise_burst")
_KINDS = (
    Kind(
        "seasonal",
        "Seasonal",
        "Hourly values with a daily and a weekly shape, and noise.",
        60 * _MINUTE,
        24,
        ("spike", "dip", "level_shift", *_PATTERNS),
        _seasonal,
    ),
    Kind(
        "trend",
        "Trend",
        "Hourly values with a linear trend, a small daily shape and noise.",
        60 * _MINUTE,
        24,
        ("spike", "level_shift", "dip", "noise_burst", "flat_line"),
        _trend,
    ),
    Kind(
        "business_hours",
        "Business hours",
        "Half-hourly load of an office: high from 8 to 18 on working days, low at night and on weekends.",
        30 * _MINUTE,
        48,
        ("spike", "missing_cycle", "level_shift", "flat_line", "noise_burst"),
        _business_hours,
        min_value=0.0,
    ),
    Kind(
        "counts",
        "Counts",
        "Whole numbers, such as requests each quarter of an hour: more by day than by night.",
        15 * _MINUTE,
        96,
        ("spike", "dip", "missing_cycle", "level_shift", "flat_line"),
        _counts,
        min_value=0.0,
        is_integer=True,
    ),
    Kind(
        "heartbeat",
        "Heartbeat",
        "An electrocardiogram of some 75 beats a minute, 50 points a second.",
        20,
        40,
        ("spike", "missing_cycle", "changed_frequency", "flat_line", "noise_burst", "changed_amplitude"),
        _heartbeat,
    ),
    Kind(
        "random_walk",
        "Random walk",
        "Each value is the previous one plus a random step; earlier values carry no further information.",
        _MINUTE,
        60,
        ("spike", "dip", "level_shift", "noise_burst", "flat_line"),
        _random_walk,
    ),
    Kind(
        "machine_temperature",
        "Machine temperature",
        "A sensor read every 5 minutes: slow drift, a small daily shape, little noise.",
        5 * _MINUTE,
        288,
        ("spike", "drift", "dip", "level_shift", "flat_line", "noise_burst"),
        _machine_temperature,
    ),
)
KINDS = {kind.name: kind for kind in _KINDS}


def _get_kind(name: str) -> Kind:
    if name not in KINDS:
        raise UnknownName(f"There is no kind {name!r}; use one of {', '.join(KINDS)}.", name=name, known=sorted(KINDS))
    return KINDS[name]


def clean(kind: str = "seasonal", points: Points = 2000, seed: Seed = 0) -> Series:
    """A series of this kind without faults.

    Raises UnknownName for an unknown kind, BadParameter for points or a seed out of bounds.
    """
    definition = _get_kind(kind)
    bounds = parameters(clean)
    n = int(check_parameter(bounds["points"], points))
    rng = np.random.default_rng([int(check_parameter(bounds["seed"], seed)), *kind.encode()])
    values = definition.generate(np.arange(n, dtype=np.float64), rng)
    return Series(_times(n, definition.step_ms), values, kind)


def _times(points: int, step_ms: int) -> Times:
    return START + (np.arange(points) * step_ms).astype("timedelta64[ms]")


def demo(kind: str = "seasonal", points: Points = 2000, seed: Seed = 0, anomalies: Sequence[str] | None = None) -> Demo:
    """A series of this kind with known faults in its last three quarters, each in an interval of its own.

    anomalies  names of the faults to inject; by default the kind's `default_faults`, one per 400 points (1 to 12)

    Raises UnknownName for an unknown kind or fault, BadParameter for points, a seed or too many faults.
    """
    series = clean(kind, points, seed)
    definition = KINDS[kind]
    n = len(series)
    rng = np.random.default_rng([int(seed), 1, *kind.encode()])
    first = n // 4
    names = _default_faults(definition, n) if anomalies is None else list(anomalies)
    if len(names) > (n - first) // 10:
        raise BadParameter(f"A demo series of {n} points has {(n - first) // 10} anomalies at most.", name="anomalies")
    names = [names[i] for i in rng.permutation(len(names))]
    edges = np.linspace(first, n, len(names) + 1).astype(int).tolist()
    values = series.values.copy()
    injected = []
    for name, low, high in zip(names, edges[:-1], edges[1:], strict=True):
        start, length, size = _place_fault(name, definition.cycle, low, high, rng)
        faulty = definition.clip(
            inject_fault(series, name, start, length, size, int(seed)).values[start : start + length]
        )
        values[start : start + length] = faulty
        changed = start + np.flatnonzero(faulty != series.values[start : start + length])
        injected.append((name, int(changed[0]), int(changed[-1]) + 1))
    labels = np.zeros(n, dtype=np.bool_)
    for _, start, stop in injected:
        labels[start:stop] = True
    return Demo(replace(series, values=values), labels, kind, tuple(injected))


def _default_faults(kind: Kind, points: int) -> list[str]:
    count = min(max(points // 400, 1), 12)
    return [kind.default_faults[i % len(kind.default_faults)] for i in range(count)]


def _place_fault(name: str, cycle: int, low: int, high: int, rng: np.random.Generator) -> tuple[int, int, float]:
    """Random start, length and size of a fault between positions low and high. A missing cycle starts with a cycle."""
    fault = find_fault(name)
    shortest, longest = (max(p, round(c * cycle)) for p, c in zip(fault.points, fault.cycles, strict=True))
    available = (high - low) // (2 if name == "missing_cycle" else 4)
    length = min(int(rng.integers(shortest, longest + 1)), max(available, 1))
    start = int(rng.integers(low + 1, high - length))
    if name == "missing_cycle":
        aligned = -(-start // cycle) * cycle
        start = next((s for s in (aligned, aligned - cycle) if low < s < high - length), start)
    return start, length, float(rng.uniform(*fault.sizes))


STREAM_STEP_MS = 100
"""Milliseconds between points of the endless demo stream."""
_BLOCK = 300
"""Points in a block of 30 seconds, which has at most one fault."""
_CYCLE = 120
"""Points in a cycle of 12 seconds."""
_SLOW_CYCLE = 1800
"""Points in a cycle of 3 minutes, along which the level changes."""
_STREAM_FAULTS = {"spike": 2, "dip": 2, "level_shift": 40, "flat_line": 30, "noise_burst": 25, "missing_cycle": _CYCLE}


def stream_values(times_ms: NDArray[np.int64], seed: int = 0) -> tuple[Floats, Floats, Bools]:
    """The endless demo stream at any times: values (n,), the values expected without noise (n,), labels (n,).

    times_ms  (n,) epoch milliseconds in any order; all times within one step of 100 ms have the same value

    The noise of a point is a hash of its number and the seed instead of a draw from a sequence, so every reader sees
    the same stream, whatever range it reads. About 1 in 16 points lies in a fault.
    """
    tick = np.floor_divide(np.asarray(times_ms, dtype=np.int64), STREAM_STEP_MS)
    expected, noise = _stream_expected(tick), _hashed_normal(tick, seed, 1)
    values, labels = expected + noise, np.zeros(len(tick), dtype=np.bool_)
    block = np.floor_divide(tick, _BLOCK)
    # Half of the blocks get a number beyond the last fault, so have none.
    chosen = np.floor(_hashed(block, seed, 3) * 2 * len(_STREAM_FAULTS))
    within = tick - block * _BLOCK - (60 + np.floor(_hashed(block, seed, 4) * 100).astype(np.int64))
    for number, (fault, length) in enumerate(_STREAM_FAULTS.items()):
        faulty = (chosen == number) & (within >= 0) & (within < length)
        labels |= faulty
        values[faulty] = _stream_fault(fault, tick[faulty], within[faulty], seed)
    return values, expected, labels


def _stream_expected(tick: NDArray[np.int64]) -> Floats:
    # The remainder first, as the sine of 10^10 radians would be imprecise.
    cycle = 2 * np.pi * (tick % _CYCLE) / _CYCLE
    return np.asarray(_stream_level(tick) - 6 * np.cos(cycle) + 1.5 * np.sin(2 * cycle))


def _stream_level(tick: NDArray[np.int64]) -> Floats:
    return np.asarray(50 + 4 * np.sin(2 * np.pi * (tick % _SLOW_CYCLE) / _SLOW_CYCLE))


def _stream_fault(fault: str, tick: NDArray[np.int64], within: NDArray[np.int64], seed: int) -> Floats:
    """(n,) faulty values at points `tick` (n,); `within` (n,) counts from the first point of the fault."""
    if fault == "flat_line":
        before = tick - within - 1
        return _stream_expected(before) + _hashed_normal(before, seed, 1)
    if fault == "noise_burst":
        return _stream_expected(tick) + 8 * _hashed_normal(tick, seed, 5)
    noise = _hashed_normal(tick, seed, 1)
    if fault == "missing_cycle":
        return _stream_level(tick) + noise
    change = {"spike": 20.0, "dip": -20.0, "level_shift": 12.0}[fault]
    return _stream_expected(tick) + change + noise


def _hashed(numbers: NDArray[np.int64], seed: int, use: int) -> Floats:
    """(n,) uniform in [0, 1), a pure function of number, seed and `use`, which separates independent sequences.

    The finisher of splitmix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
    """
    golden = 0x9E3779B97F4A7C15
    mixed = numbers.astype(np.uint64) * np.uint64(golden)
    for word in (seed, use):
        mixed = mixed + np.uint64((word + 1) * golden % 2**64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2**53)


def _hashed_normal(numbers: NDArray[np.int64], seed: int, use: int) -> Floats:
    """(n,) standard normal, by the Box-Muller transform."""
    radius = np.sqrt(-2 * np.log1p(-_hashed(numbers, seed, use)))
    return np.asarray(radius * np.cos(2 * np.pi * _hashed(numbers, seed, use + 100)))
