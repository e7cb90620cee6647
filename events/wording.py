"""Sentences about events, in English: the one place that makes them."""

import math
from collections.abc import Sequence

import numpy as np

from events.scorer import ScorerId
from timeseries import Note

SCORER_PHRASES = {
    "forecast_residual": "distance from the forecast",
    "multi_step_residual": "distance from the forecasts made up to 24 points before,",
    "residual_size": "size of the forecast's errors",
    "level_spread": "mean and spread",
    "matrix_profile": "course",
    "seasonal_difference": "distance from earlier cycles",
    "cycle_distance": "distance from the cycles before and after",
    "flatline": "unchanging values",
}
"""What each scorer compares, by its name."""
NOTE_MESSAGES = {
    "period": "The series repeats itself every {points} points.",
    "no_period": "No period was found in the series.",
    "outliers_widen_band": "A few values lie so far off that they widen the band {factor:.2g} times and may hide "
    "others. If they stand for missing values (like -999), leave them empty; else lower sigma.",
    "windows_too_short": "The series is too short to learn windows from: no point is scored.",
    "level_spread_windows": "Mean and spread of the last {lengths} points are compared with their typical values.",
    "matrix_profile_windows": "The last {lengths} points are each compared with {references} earlier windows of the "
    "same length.",
    "subspace_window": "The shape of the last {points} points is compared with typical shapes.",
    "multi_step_windows": "Each value is compared with {horizons} forecasts, made 1 to {horizons} points before it.",
    "seasonal_difference_cycles": "The last points are compared with the same time in the {cycles} cycles of {period}"
    " points before.",
    "median_level": "The level is the median of the last {points} points, without their seasonal component.",
    "previous_value": "Each value is expected to equal the one before it.",
    "lstm_too_short": "The series is too short for the LSTM ({min_points} points): only a regression forecasts.",
    "lstm_memory_too_long": "The LSTM's forecasts depended on points too far back, so it was left out: only a "
    "regression forecasts.",
    "lstm_no_gain": "The LSTM gained nothing on held-out data and was left out: only a regression forecasts.",
    "lstm_gain": "The LSTM lowers the regression's loss by {percent:.2g} % on held-out data.",
    "lstm_multi_step": "The LSTM forecasts up to {horizons} points ahead: its loss is below half of the regression's.",
}
"""The sentence of each note, by its code."""


def explain(value: float, expected: float, direction: str, severity: float, points: int) -> str:
    """One sentence for a person: what came, what was expected, how far beyond the allowed distance."""
    beyond = f"{_times(severity)} the distance allowed; lasts {_counted(points)}."
    if direction == "shape":
        return f"An unusual shape around {value:.6g}, {beyond}"
    return f"{_compared(value, expected, direction)}, {beyond}"


def explain_view(
    value: float,
    expected: float,
    direction: str,
    severity: float,
    points: int,
    top_scorer: ScorerId,
    also: Sequence[ScorerId] = (),
) -> str:
    """The same where several views are joined: what the view that finds it most unusual looks at, and what others do
    that find it unusual `also`. Value and expected are those of the point furthest off, in that direction."""
    beyond = f"{_times(severity)} the score allowed; lasts {_counted(points)}."
    others = f", also {' and '.join(map(scorer_phrase, also))}" if also else ""
    if direction == "shape":
        return f"Unusual {scorer_phrase(top_scorer)}{others}, around {value:.6g}: {beyond}"
    return f"{_compared(value, expected, direction)}, most unusual by its {scorer_phrase(top_scorer)}{others}: {beyond}"


def scorer_phrase(scorer: ScorerId) -> str:
    """What a scorer compares, as a noun phrase."""
    phrase = SCORER_PHRASES[scorer.name]
    return phrase if scorer.window is None else f"{phrase} over {scorer.window} points"


def note_message(note: Note) -> str:
    """The sentence of a note."""
    facts = {name: _listed(fact) if isinstance(fact, list | tuple) else fact for name, fact in note.facts.items()}
    return NOTE_MESSAGES[note.code].format(**facts)


def _listed(items: Sequence[object]) -> str:
    """ "32, 64 and 128"."""
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last


def _times(severity: float) -> str:
    """How far beyond what is allowed: "1 times" would sound like not at all."""
    told = f"{severity:.3g}"
    return "just above" if told == "1" else f"{told} times"


def _counted(points: int) -> str:
    return "1 point" if points == 1 else f"{points} points"


def _compared(value: float, expected: float, direction: str) -> str:
    """Far off as a share of what was expected; in the series' own unit where a share would be "293 % below"."""
    percent = abs(value - expected) / abs(expected) * 100 if expected else math.inf
    share = f"{percent:.3g} % " if percent < 1000 else ""
    if expected and (value * np.sign(expected) < 0 or (direction == "below" and percent > 100)):
        share = f"{abs(value - expected):.6g} "
    return f"{value:.6g} is {share}{direction} the expected {expected:.6g}"
