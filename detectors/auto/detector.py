"""Several views of a series in one judgement: its forecast, its levels and spreads, its shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

import numpy as np

from anomaly_detection import DEFAULT_MERGE_GAP, Detection, Detector, MergeGap, Progress, no_progress, residual_stats
from detectors.auto.overrides import SCORE_CAP, Overrides, margin_from_noise, max_with_overrides
from detectors.auto.seasonal_difference import SeasonalDifference
from detectors.forecast_residual import (
    CHUNK,
    MIN_THRESHOLD,
    OUTLIERS_WIDEN_BAND,
    Sigma,
    threshold_and_margin,
    widened_notes,
)
from detectors.level_spread import LevelSpreadScorer
from detectors.lstm import ISOLATION_WINDOW, LSTM, MAX_ISOLATED
from detectors.matrix_profile import MatrixProfileScorer
from detectors.window_detector import (
    ScoreCalibration,
    ScoreComponents,
    WindowScorer,
    mean_over_covering_windows,
    mean_std_threshold,
)
from events.scorer import ScorerId
from parameters import Param, checked
from timeseries import Floats, Note, Series
from timeseries.regular_grid import RegularGrid, Tail, place_in_cells
from timeseries.scaling import min_scale, times_unit, unit_of
from timeseries.seasonality import find_periods
from timeseries.windows import Scale

MATRIX_PROFILE_REFERENCES = 1024
"""Windows that the matrix profile compares with; see docs/experiments/window-scorers.md."""
DEFAULT_SIGMA = 3.0
MIN_THRESHOLD_PER_SIGMA = 7 / 12
"""Ranges per sigma that the mean of the voices may reach by chance on every series."""
MAX_RANGE_RATIO = 4.0
"""Most that the upper range of a window's distances is, in those of its third quartile; a normal one has 2.4."""
STD_PER_SIGMA = 8 / 3
"""Factor of sigma beyond which the forecast's residual needs no other view: one value is too short for the windows."""
FOLDS_PER_SIGMA = 6.0
"""Factor of sigma: beyond the ninth decile residuals fall by so many factors of e before one is an anomaly alone."""
CLIP_AT = 8.0
"""Margins at the default sigma from the draft beyond which a value is wild: the first FEW of AROUND points are held."""
CLIP_TO = 0.25
"""To so many margins from the draft, where usual values lie: a few that are held make no window odd."""
MAX_RATIO = 1e300
"""Held below infinity: scores of values far beyond all that was learned."""
FORECAST = ScorerId("forecast_residual")
SCORERS = {"level_spread": "level_spread", "matrix_profile": "matrix_profile", "season": "seasonal_difference"}
"""Names of the window scorers, by their key in the state."""
Views = tuple[LevelSpreadScorer, MatrixProfileScorer, SeasonalDifference]


@dataclass(frozen=True)
class ScorerOutput:
    """What one view says: its scorer, the points of its window, and its distances (n,) at the windows' ends."""

    scorer: ScorerId
    length: int
    distances: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class AutoComponents(ScoreComponents):
    """residual (n,) ÷ unit, and residual_stats for `residual_margin`."""

    residual: Floats
    residual_stats: Sequence[float]
    unit: float


@dataclass(frozen=True, eq=False, kw_only=True)
class OfflineComponents(AutoComponents):
    """Of a finished series: noise (n,) its standard deviation ÷ unit and the confidence in it; override_sigma (n,): the
    sigma below which an override makes each point an anomaly."""

    noise: Floats
    confidence: float
    override_sigma: Floats


class Auto(Detector):
    """score = mean over the views, at each of their window lengths, of (distance − median) ÷ upper usual range.

    The views are the LSTM's residual, `level_spread`, `matrix_profile` and `season`; each has one voice for each window
    length, from 0 to `SCORE_CAP`. threshold: see `window_distance.usual_threshold`. A residual beyond the
    margin, see `residual_margin`, is an anomaly whatever the others say: the score is at least threshold · residual ÷
    margin.
    An anomaly that other views see may lie within the margin. What has no forecast is not judged. Unit of the score:
    upper usual ranges.

    In a review the margin follows the noise at each time where the series is understood, and runs of equal values and
    stretches unlike the cycles around them are anomalies alone too: see `alone`.
    """

    adjustable_params = ("sigma", "merge_gap")
    components_type = OfflineComponents
    alone: Overrides | None = None  # None: a state that is older

    title = "Automatic"
    help = (
        "Looks at the series in several ways at once: how far values lie from the forecast, levels and spreads, and "
        "shapes, over 1 to 512 points. Each anomaly says what is unusual about it. The default."
    )

    def __init__(
        self,
        forecast: LSTM,
        views: Views,
        grid: RegularGrid,
        unit: float,
        spread: float,
        margin: float,
        judges: tuple[ScoreCalibration, ScoreCalibration],
        params: Mapping[str, Any],
        usual: Sequence[float] | None = None,
    ) -> None:
        self.usual = usual  # what `residual_margin` needs, ÷ unit; None: a state that is older
        self.forecast, self.views, self.grid, self.unit = forecast, views, grid, unit
        self.spread, self.margin = spread, margin  # ÷ unit
        self.judges, self.params = judges, params  # of windows up to a point, and of those around it
        self.windows = max(view.memory for view in views)
        held = (
            self.windows
            + ISOLATION_WINDOW
            + forecast.settling
            + forecast.forecaster.memory
            - forecast.forecaster.run_up
        )
        self.memory = max(forecast.memory, held)

    @classmethod
    @checked
    def fit(
        cls,
        series: Series,
        *,
        progress: Progress = no_progress,
        sigma: Sigma = DEFAULT_SIGMA,
        merge_gap: MergeGap = DEFAULT_MERGE_GAP,
        seed: Annotated[int, Param(None, 0, 2**31 - 1, "The same seed gives the same answer.")] = 0,
    ) -> Self:
        """See Detector.fit."""
        grid, unit = RegularGrid.learn(series), unit_of(series.values)
        cells, _ = grid.cells(series, len(series), CHUNK)
        values = place_in_cells(series.values / unit, cells)
        periods = find_periods(values, grid.step_ms)
        forecast = LSTM.one_step(series, values, grid, periods, seed, lambda _, done: progress("fit", done / 2))
        cells, _ = grid.cells(series, len(series), 1)
        values = place_in_cells(series.values / unit, cells)
        first, longest = (periods[0], periods[-1]) if periods else (None, None)
        views = (
            LevelSpreadScorer.fit(values, first),
            MatrixProfileScorer.fit(values, first, MATRIX_PROFILE_REFERENCES),
            SeasonalDifference.fit(values, longest),
        )
        unjudged = ScoreCalibration((), (), 1.0)
        params = {"sigma": sigma, "merge_gap": merge_gap, "seed": seed}
        spread = Scale.fit(series.values / unit).std
        found = cls(forecast, views, grid, unit, spread, 1.0, (unjudged, unjudged), params)
        seen, known, at = found._seen(series, len(series), lambda _, done: progress("fit", (1 + done) / 2))
        found.alone = Overrides.learn(
            place_in_cells(_in_spreads(known.score / unit, spread), cells), values / spread, periods
        )
        found.usual = residual_stats_of(known.score / unit, min_scale(values))
        found.margin = residual_margin(found.usual, sigma)
        steepest = [np.inf, *(MAX_RANGE_RATIO for _ in seen[1:])]
        ending, around = (
            ScoreCalibration.learn([each[at] for each in form(seen)], sigma, auto_threshold, steepest)
            for form in (causal, centred)
        )
        found.judges = ending, around
        return found

    def detect(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect."""
        return self._judged(series, len(series), False, progress)

    def detect_last(self, series: Series, new: int) -> Detection:
        """See Detector.detect_last: each view looks at what these points are judged by, and at no more."""
        return self._judged(series, new, False, no_progress)

    def detect_offline(self, series: Series, *, progress: Progress = no_progress) -> Detection:
        """See Detector.detect_offline: windows count at every point they cover."""
        found = self._judged(series, len(series), True, progress)
        return found if self.alone is None else self._with_alone(found, self.alone)

    def _judged(self, series: Series, new: int, whole: bool, progress: Progress) -> Detection:
        progress("detect", 0.0)
        seen, forecast, at = self._seen(series, new, progress, held=not whole)
        judge, form = (self.judges[1], centred) if whole else (self.judges[0], causal)
        voices = judge.calibrate([distances[at] for distances in form(seen)])
        residual, usual = forecast.score / self.unit, judge.mean(voices, new)
        score = max_with_residual(usual, residual, judge.threshold, self.margin)
        _, margin = threshold_and_margin(self.margin, self.unit, forecast.expected)
        assert self.usual is not None
        components = AutoComponents(scores=usual, residual=residual, unit=self.unit, residual_stats=self.usual)
        scorer_scores = {each.scorer: voice for each, voice in zip(seen, voices, strict=True)}
        notes = (*forecast.notes, *(note for view in self.views for note in view.notes))
        return Detection(
            forecast.series,
            forecast.expected,
            margin,
            score,
            judge.threshold,
            self.params,
            int(self.params["merge_gap"]),
            forecast.period,
            notes,
            scorer_scores,
            components=components,
        )

    def _with_alone(self, found: Detection, alone: Overrides) -> Detection:
        """A review in which each point may be an anomaly alone."""
        cells, _ = self.grid.cells(found.series, len(found.series), 1)
        values = place_in_cells(found.series.values / self.unit, cells) / self.spread
        parts = found.components
        assert isinstance(parts, AutoComponents)
        misses = place_in_cells(_in_spreads(parts.residual, self.spread), cells)
        noise = alone.noise.deviations(misses)[cells] * self.spread
        sigmas = {scorer: each[cells] for scorer, each in alone.sigmas(values).items()}
        loud = {scorer: np.minimum(SCORE_CAP * each / DEFAULT_SIGMA, SCORE_CAP) for scorer, each in sigmas.items()}
        components = OfflineComponents(
            **vars(parts), noise=noise, confidence=alone.noise.trust, override_sigma=np.fmax(*sigmas.values())
        )
        notes = self._notes_of_review(found.notes, noise, alone.noise.trust)
        scorer_scores = {**found.scorer_scores, **loud}
        return offline_detection(
            replace(found, components=components, scorer_scores=scorer_scores, notes=notes), self.margin
        )

    def _notes_of_review(self, notes: tuple[Note, ...], noise: Floats, trust: float) -> tuple[Note, ...]:
        """The notes true of a margin that follows the noise (n,): far values widen it less, or not."""
        if not trust or not np.isfinite(noise).any():
            return notes
        narrow, real = (
            np.nanmedian(margin_from_noise(noise, by, self.params["sigma"], self.margin)) for by in (1.0, trust)
        )
        again = widened_notes(float(real), float(narrow))
        return tuple(each for note in notes for each in (again if note.code == OUTLIERS_WIDEN_BAND else [note]))

    @classmethod
    def rethreshold(cls, kept: Detection, params: Mapping[str, Any]) -> Detection:
        """See Detector.rethreshold."""
        components, sigma = kept.components, params["sigma"]
        assert isinstance(components, AutoComponents)
        threshold = auto_threshold(components.learned_scores, sigma)
        limit = residual_margin(components.residual_stats, sigma)
        if isinstance(components, OfflineComponents):
            return offline_detection(replace(super().rethreshold(kept, params), threshold=threshold), limit)
        score = max_with_residual(components.scores, components.residual, threshold, limit)
        margin = threshold_and_margin(limit, components.unit, kept.expected)[1]
        return replace(super().rethreshold(kept, params), score=score, threshold=threshold, margin=margin)

    def _seen(
        self, series: Series, new: int, progress: Progress, held: bool = False
    ) -> tuple[list[ScorerOutput], Detection, Any]:
        """What every view says of the cells from the first of the last `new` points on, the forecast, and the cells of
        these points. With `held`, windows see wild values held."""
        if new == len(series):
            forecast = self.forecast.detect(series, progress=lambda _, done: progress("detect", 0.3 * done))
        else:
            forecast = self.forecast.detect_last(series, new)
        tail = self.grid.tail(series, series.values / self.unit, new, self.memory)
        cells = tail.cells - tail.since
        residual = _in_spreads(forecast.score / self.unit, self.spread)
        seen = [ScorerOutput(FORECAST, 1, place_in_cells(residual, cells))]
        views: Sequence[WindowScorer] = self.views
        values = self._held(tail) if held else tail.values
        for done, (view, name) in enumerate(zip(views, SCORERS.values(), strict=True)):

            def told(fraction: float, done: int = done) -> None:
                progress("detect", 0.3 + 0.7 * (done + fraction) / len(views))

            start = max(tail.since - view.memory, 0)
            since = tail.since - start
            each = view.score_by_window_length(values[start:], told, since)
            seen += [ScorerOutput(ScorerId(name, length), length, distances[since:]) for length, distances in each]
        return seen, forecast, cells

    def _held(self, tail: Tail) -> Floats:
        """(k,) the values of a tail as the windows of a stream see them: one that is wild would else make every window
        odd that it lies in, hundreds of points long. What goes on is believed: a new level is no single value."""
        if self.usual is None:
            return tail.values
        first = max(tail.since - self.windows - ISOLATION_WINDOW, 0)
        since = max(first - self.forecast.settling, 0)
        draft = self.forecast.drafts(tail.values, since)[first - since :]
        limit, values = residual_margin(self.usual, DEFAULT_SIGMA), tail.values[first:]
        wild = np.abs(values - draft) > CLIP_AT * limit
        count, at = np.concatenate(([0], np.cumsum(wild))), np.arange(len(wild))
        wild &= count[at] - count[np.maximum(at - ISOLATION_WINDOW, 0)] < MAX_ISOLATED
        near = np.clip(values, draft - CLIP_TO * limit, draft + CLIP_TO * limit)
        return np.concatenate((tail.values[:first], np.where(wild, near, values)))

    def _state(self) -> dict[str, Any]:
        """See Detector.state."""
        several: Sequence[WindowScorer] = self.views
        views = {name: view.state() for name, view in zip(SCORERS, several, strict=True)}
        known = {
            "unit": self.unit,
            "spread": self.spread,
            "margin": self.margin,
            "usual": self.usual,
            "params": dict(self.params),
            "grid": self.grid.state(),
        }
        judges, alone = [judge.state() for judge in self.judges], self.alone.state() if self.alone else None
        return {**known, "forecast": self.forecast.state(), "views": views, "judges": judges, "alone": alone}

    @classmethod
    def _from_state(cls, state: Mapping[str, Any]) -> Self:
        """See Detector.from_state."""
        views = state["views"]
        restored = (
            LevelSpreadScorer.from_state(views["level_spread"]),
            MatrixProfileScorer.from_state(views["matrix_profile"]),
            SeasonalDifference.from_state(views["season"])
            if "season" in views
            else SeasonalDifference(Scale(0.0, 1.0), None, ()),
        )
        ending, around = (ScoreCalibration.from_state(judge) for judge in state["judges"])
        forecast, grid = LSTM.from_state(state["forecast"]), RegularGrid.from_state(state["grid"])
        unit, spread, margin = state["unit"], state["spread"], state["margin"]
        judges, params, usual = (ending, around), state["params"], state["usual"]
        found = cls(forecast, restored, grid, unit, spread, margin, judges, params, usual)
        found.alone = Overrides.from_state(state["alone"]) if state.get("alone") else None
        return found


def max_with_residual(usual: Floats, residual: Floats, threshold: float, margin: float) -> Floats:
    """(n,) the score: the mean of the views, or what the residual alone says; NaN where there is no forecast."""
    with np.errstate(over="ignore"):
        alone = np.minimum(threshold * (residual / margin), MAX_RATIO)
    return np.where(np.isnan(residual), np.nan, np.fmax(usual, alone))


def offline_detection(kept: Detection, wide: float) -> Detection:
    """The review whose parts are kept as its basis; `wide`: the margin where the noise is not to be trusted.

    Its components are OfflineComponents.
    """
    components, sigma = kept.components, float(kept.params["sigma"])
    assert isinstance(components, OfflineComponents)
    limit = margin_from_noise(components.noise, components.confidence, sigma, wide)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        beyond = np.minimum(np.fmax(components.residual / limit, components.override_sigma / sigma), MAX_RATIO)
    score = max_with_overrides(components.scores, beyond, kept.threshold)
    score = np.where(np.isnan(components.residual), np.nan, score)
    allowed = np.maximum(times_unit(limit, components.unit), MIN_THRESHOLD)
    return replace(kept, score=score, margin=np.where(np.isnan(kept.expected), np.nan, allowed))


def _in_spreads(residual: Floats, spread: float) -> Floats:
    with np.errstate(over="ignore"):
        return np.minimum(residual / spread, MAX_RATIO)


def auto_threshold(scores: Floats, sigma: float) -> float:
    """See `window_distance.usual_threshold`."""
    return mean_std_threshold(scores, sigma, MIN_THRESHOLD_PER_SIGMA)


def residual_stats_of(residuals: Floats, floor: float) -> tuple[float, float, float, float]:
    """Of residuals (n,) >= 0, for `residual_margin`: mean, standard deviation, ninth decile, and how much further they
    lie
    each time that their share falls by a factor of e between the ninth decile and the 97th percentile."""
    known = residuals[np.isfinite(residuals)]
    ninth, high = np.quantile(known, [0.9, 0.97]).tolist() if known.size else (0.0, 0.0)
    return *residual_stats(residuals, floor), ninth, float((high - ninth) / np.log(0.1 / 0.03))


def residual_margin(line: Sequence[float], sigma: float) -> float:
    """How far a residual may lie before it is an anomaly alone: the larger of two rules, for the numbers of
    `residual_stats_of`.

    mean + ALONE · sigma · std; and where an exponential tail has fallen by FOLDS · sigma factors of e beyond the ninth
    decile. At sigma 3 and for normal noise these are 5.6 and 9.5 of its standard deviations. The second grows where
    large residuals are usual, as in sharp beats, or where noise grows with the value; the first where few are far off.
    """
    mean, spread, ninth, fold = (*line, 0.0, 0.0)[:4]  # two numbers in a judgement kept before
    return max(mean + STD_PER_SIGMA * sigma * spread, ninth + FOLDS_PER_SIGMA * sigma * fold)


def causal(seen: Sequence[ScorerOutput]) -> list[Floats]:
    """Of each view, the distances of the windows that end at each point."""
    return [each.distances for each in seen]


def centred(seen: Sequence[ScorerOutput]) -> list[Floats]:
    """Of each view, the mean distance of the windows that each point lies in."""
    return [mean_over_covering_windows(each.distances, each.length) for each in seen]
