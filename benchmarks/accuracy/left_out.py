"""Choices made without a data set, measured on it: how much of the accuracy is choice on this very data.

A few choices behind `auto` and `lstm` were made on the labelled series: which scorers are used, over which window
lengths, the cap of a score, and that a point is scored by the windows around it. For each data set they are made
again on all others, by the mean VUS-PR over files, and measured on that data set only. Thresholds do not enter VUS-PR.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy import results
from benchmarks.accuracy.data import Labelled
from benchmarks.accuracy.figures import mean
from benchmarks.accuracy.methods import imported_files
from benchmarks.accuracy.report import markdown
from benchmarks.accuracy.vus import vus_pr, vus_window
from detectors.calibration import MIN_RANGE, SCORE_CAP, mean_over_covering_windows
from detectors.level_spread import LevelSpreadScorer
from detectors.lstm import LSTM
from detectors.matrix_profile import MAX_REFERENCES, MatrixProfileScorer
from detectors.window_detector import WindowScorer
from timeseries import Floats, Series
from timeseries.regular_grid import RegularGrid, place_in_cells
from timeseries.scaling import unit_of
from timeseries.seasonality import find_period
from timeseries.windows import WINDOW_LENGTHS

Parts = Mapping[tuple[str, int], Floats]

FAMILIES = {
    "auto": (
        ("near", "level_spread", "matrix_profile"),
        ("near", "far", "size", "level_spread", "matrix_profile"),
        ("near", "level_spread"),
        ("near", "matrix_profile"),
        ("level_spread", "matrix_profile"),
    ),
    "lstm": (("near", "far", "size"), ("near",), ("far",), ("near", "far"), ("near", "size")),
}
"""What may be joined, the present choice first: `near`, `far` and `size` are the LSTM's (see `misses`)."""
SHORT_NAMES = {"forecast_residual": "near", "multi_step_residual": "far", "residual_size": "size"}
LENGTHS = (WINDOW_LENGTHS, WINDOW_LENGTHS[:3], WINDOW_LENGTHS[2:], WINDOW_LENGTHS[1:2])
CAPS = (SCORE_CAP, 5.0, 20.0)


@dataclass(frozen=True)
class Choice:
    """Views joined by their mean, the lengths of their windows, the most ranges one counts, windows around a point or
    before it."""

    views: tuple[str, ...]
    lengths: tuple[int, ...] = WINDOW_LENGTHS
    most: float = SCORE_CAP
    around: bool = True

    def __str__(self) -> str:
        lengths = f"{self.lengths[0]}–{self.lengths[-1]}" if len(self.lengths) > 1 else str(self.lengths[0])
        return f"{', '.join(self.views)}; {lengths} points; {self.most:g}; {'around' if self.around else 'before'}"


def choices(family: str) -> Iterator[Choice]:
    """All of a family, the present one first."""
    for views in FAMILIES[family]:
        for lengths in LENGTHS:
            for around in (True, False):
                for most in CAPS if around and lengths == WINDOW_LENGTHS else CAPS[:1]:
                    yield Choice(views, lengths, most, around)


def parts_of(series: Series) -> Parts:
    """By view and length, the distances (n,) of the windows that end at each point."""
    grid, unit = RegularGrid.learn(series), unit_of(series.values)
    cells, _ = grid.cells(series, len(series), 1)
    values = place_in_cells(series.values / unit, cells)
    period = find_period(values, grid.step_ms)
    sections: dict[tuple[str, int], Floats] = {}
    views: dict[str, WindowScorer] = {
        "level_spread": LevelSpreadScorer.fit(values, period),
        "matrix_profile": MatrixProfileScorer.fit(values, period, MAX_REFERENCES),
    }
    for name, view in views.items():
        for length, distances in view.score_by_window_length(values, lambda done: None):
            sections[name, length] = distances[cells]
    lstm = LSTM.fit(series)
    assert lstm.offline is not None
    scorers = lstm.offline.scorers
    residuals = lstm.detect(series).score / lstm.model.unit / scorers.std
    lower, at = place_in_cells(residuals, cells), cells
    upper = scorers.multi_step.mean_error(values, lambda done: None)
    for scorer, distances in scorers.residual_windows.distances(lower, upper):
        sections[SHORT_NAMES[scorer.name], scorer.window or 1] = distances[at]
    return sections


def joined(parts: Parts, choice: Choice) -> Floats:
    """(n,) mean of the calibrated scores, as `detectors.calibration.ScoreCalibration` makes it."""
    total = np.zeros(len(next(iter(parts.values()))))
    for (name, length), distances in parts.items():
        if name in choice.views and (length == 1 or length in choice.lengths):
            distances_at = mean_over_covering_windows(distances, length) if choice.around else distances
            known = distances_at[np.isfinite(distances_at)]
            if known.size:
                median, high = np.quantile(known, [0.5, 0.95]).tolist()
                calibrated = np.clip((distances_at - median) / max(high - median, MIN_RANGE), 0.0, choice.most)
                total += np.nan_to_num(calibrated)
    return total


def measured(one: Labelled) -> dict[str, float]:
    """Return VUS-PR of one series for every choice of every family; stored under the version of the code."""
    path = _place(one.file)
    if not path.exists():
        parts, window = parts_of(one.series), vus_window(one.series.values)
        sections: dict[str, float] = {}
        for choice in (choice for family in FAMILIES for choice in choices(family)):
            if str(choice) not in sections:
                score = np.where(np.isnan(one.series.values), np.nan, joined(parts, choice))
                sections[str(choice)] = vus_pr(score, one.labels, window)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".part").write_text(json.dumps(sections))
        path.with_suffix(".part").replace(path)
    thresholds: dict[str, float] = json.loads(path.read_text())
    return thresholds


def _place(file: str) -> Path:
    digest = hashlib.sha256()
    for source in sorted(imported_files(__name__)):
        if source.parent.name != "accuracy" or source.name in ("left_out.py", "vus.py"):
            digest.update(source.read_bytes())
    name = hashlib.sha256(file.encode()).hexdigest()[:12]
    return results.FOLDER / "left_out" / digest.hexdigest()[:12] / f"{name}.json"


def table(series: Iterable[Labelled]) -> str:
    """For each family and data set: the choice made without it, and VUS-PR there by it and by the present choice."""
    known: list[tuple[str, dict[str, float]]] = []
    for one in sorted((one for one in series if one.labels.any()), key=lambda one: len(one.labels)):
        known.append((one.data_set, measured(one)))
        print(f"  left_out {one.file}", flush=True)
    sets = list(dict.fromkeys(name for name, _ in known))
    return "\n\n".join(_family(family, [str(choice) for choice in choices(family)], sets, known) for family in FAMILIES)


def _family(
    family: str, names: Sequence[str], sets: Sequence[str], known: Sequence[tuple[str, Mapping[str, float]]]
) -> str:
    rows, without, present = [], [], []
    for left in sets:
        inside = [vus for name, vus in known if name == left]
        others = [vus for name, vus in known if name != left]
        best = max(names, key=lambda choice: mean(vus[choice] for vus in others)) if others else names[0]
        without += [(left, vus[best]) for vus in inside]
        present += [(left, vus[names[0]]) for vus in inside]
        figures = mean(vus[best] for vus in inside), mean(vus[names[0]] for vus in inside)
        rows.append([left, best, *(f"{figure:.3f}" for figure in figures)])
    rows.append(["mean over files", "", *(f"{mean(vus for _, vus in each):.3f}" for each in (without, present))])
    over = (mean(mean(vus for name, vus in each if name == left) for left in sets) for each in (without, present))
    rows.append(["mean over data sets", "", *(f"{figure:.3f}" for figure in over)])
    head = ["left out", "chosen on the others", "VUS-PR by that", "by the present choice"]
    return f"`{family}`:\n\n{markdown(head, rows)}"
