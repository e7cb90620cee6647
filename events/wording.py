"""Sentences about events, in English: the one place that makes them."""

import math
from collections.abc import Sequence

import numpy as np


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
    top_scorer: str,
    also: Sequence[str] = (),
) -> str:
    """The same where several views are joined: what the view that finds it most unusual looks at, and what others do
    that find it unusual `also`. Value and expected are those of the point furthest off, in that direction."""
    beyond = f"{_times(severity)} the score allowed; lasts {_counted(points)}."
    others = f", also {' and '.join(also)}" if also else ""
    if direction == "shape":
        return f"Unusual {top_scorer}{others}, around {value:.6g}: {beyond}"
    return f"{_compared(value, expected, direction)}, most unusual by its {top_scorer}{others}: {beyond}"


def _kind(view: str) -> str:
    """What a view looks at, whatever the length of its window."""
    return view.partition(" over ")[0]


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
