"""Every measured method: our detectors, plain baselines, rivals. None sees the labels."""

import ast
import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, Detector, no_progress
from benchmarks.accuracy import plain, rivals
from detectors.forecast_residual import CHUNK, DEFAULT_SIGMA
from detectors.lstm import LSTM
from detectors.registry import DETECTORS
from forecasting.lstm import LSTMForecaster
from model import DEFAULT_TRAINING
from timeseries import Floats, Series
from timeseries.intervals import runs
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.scaling import unit_of
from timeseries.seasonality import find_periods

ROOT = Path(__file__).parents[2]
SIGMAS = 3.0


@dataclass(frozen=True, eq=False)
class Output:
    """The output of a method for a series.

    severity  (n,): above 1 is an anomaly by the method's own threshold; NaN where it has no score
    events    (m, 3): start, stop (half open) and peak of each event
    """

    severity: Floats
    events: np.ndarray[tuple[int, int], np.dtype[np.int64]]


@dataclass(frozen=True)
class Method:
    """A method by name; `run` gets a series, and is deterministic.

    kind     ours, plain or rival
    version  changes with the method's code; results are stored under it
    """

    name: str
    kind: str
    run: Callable[[Series], Output]
    version: str


def methods() -> dict[str, Method]:
    """By name, ours first. What is added to `detectors.DETECTORS` is among them, and twice where a finished series is
    judged with later points too: `name` by earlier points only, `name offline` as `Detector.detect_offline` does."""
    ours = [Method(name, "ours", _ours(kind), _version(kind.__module__)) for name, kind in DETECTORS.items()]
    ours += [
        Method(f"{name} offline", "ours", _offline(kind), _version(kind.__module__))
        for name, kind in DETECTORS.items()
        if kind.detect_offline is not Detector.detect_offline
    ]
    simple = [
        Method(name, "plain", _scored(score, plain.THRESHOLDS.get(name)), _version(plain.__name__))
        for name, score in plain.SCORES.items()
    ]
    simple += [
        Method(
            f"lstm without network{form}",
            "plain",
            partial(without_network, offline=bool(form)),
            _version(LSTM.__module__),
        )
        for form in ("", " offline")
    ]
    others = [Method(name, "rival", _scored(score), _version(rivals.__name__)) for name, score in rivals.SCORES.items()]
    return {method.name: method for method in [*ours, *simple, *others]}


def without_network(series: Series, offline: bool) -> Output:
    """The detector `lstm` without its network: the closed-form path alone, with thresholds of its own. What the LSTM
    adds is the difference to this."""
    grid, unit = RegularGrid.learn(series), unit_of(series.values)
    cells, _ = grid.cells(series, len(series), CHUNK)
    values = place_in_cells(series.values / unit, cells)
    periods = find_periods(values, grid.step_ms)
    untrained = replace(DEFAULT_TRAINING, max_loss_ratio=-1.0, epochs=1, min_updates=1)
    forecaster = replace(LSTMForecaster.fit(values, periods, config=untrained), loss_ratio=None)
    params = {"sigma": DEFAULT_SIGMA, "merge_gap": DEFAULT_MERGE_GAP, "seed": 0}
    fitted = LSTM.fit_with_forecaster(series, forecaster, grid, next(iter(periods), None), params, no_progress)
    return _output(fitted.detect_offline(series) if offline else fitted.detect(series))


def _output(result: Detection) -> Output:
    scores = np.where(result.is_anomaly, result.score, -1.0)
    return Output(result.severity, _table([(a, b, a + int(np.argmax(scores[a:b]))) for a, b in result.intervals]))


def _ours(kind: type[Detector]) -> Callable[[Series], Output]:
    """Fit on the series it scores, with its defaults, as the page and the API do."""

    def run(series: Series) -> Output:
        return _output(kind.fit(series).detect(series))

    return run


def _offline(kind: type[Detector]) -> Callable[[Series], Output]:
    """The same with `detect_offline`, which may use the complete series, as the rivals do."""

    def run(series: Series) -> Output:
        return _output(kind.fit(series).detect_offline(series))

    return run


def _scored(score_of: Callable[[Series], Floats], threshold: float | None = None) -> Callable[[Series], Output]:
    """A method that returns scores only; see `judged` for its threshold."""

    def run(series: Series) -> Output:
        score = np.asarray(score_of(series), dtype=np.float64)
        if score.shape != series.values.shape:
            raise ValueError(f"{score.shape} scores for {len(series)} points")
        return by_sigma(score, threshold)

    return run


def by_sigma(score: Floats, threshold: float | None = None) -> Output:
    """Severity and events of scores (n,); score and severity rank points alike.

    Without a threshold it is the one of TSB-AD's own program: mean + 3 std of the scores.
    """
    known = score[np.isfinite(score)]
    centre, distance = 0.0, threshold or 1.0
    if threshold is None and known.size:
        centre, distance = float(np.mean(known)), SIGMAS * float(np.std(known)) or 1.0
    severity = (score - centre) / distance
    spans = runs(severity > 1, DEFAULT_MERGE_GAP)
    return Output(severity, _table([(a, b, a + int(np.nanargmax(severity[a:b]))) for a, b in spans]))


def _table(rows: list[tuple[int, int, int]]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _version(module: str) -> str:
    """Digest of the project's files that a module imports, directly or not, and of the libraries below them."""
    digest = hashlib.sha256(inspect.getsource(_ours if module.startswith("detectors.") else by_sigma).encode())
    for file in sorted(imported_files(module)):
        digest.update(file.read_bytes())
    libraries = ("numpy", "torch", *(rivals.LIBRARIES if module == rivals.__name__ else ()))
    for library in libraries:
        digest.update(f"{library} {_installed(library)}".encode())
    return digest.hexdigest()[:12]


def _installed(library: str) -> str:
    try:
        return version(library).split("+")[0]
    except PackageNotFoundError:
        return "missing"


def imported_files(module: str) -> set[Path]:
    """The project's files that are read when a module is imported, its own among them.

    Left out is `series`: a method gets a series that has been read, and does not depend on how.
    """
    result: set[Path] = set()
    wanted = [module]
    while wanted:
        file = _file(wanted.pop())
        if file is None or file in result or file.parent == ROOT / "series":
            continue
        result.add(file)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted += [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                wanted += [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
    return result


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)
