"""A detection as the columns, the state and the summary that the store holds, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import STATE_VERSION, Detection, Detector, check_version
from events.scorer import ScorerId
from store import DetectionRecord, DetectionSummary
from timeseries import Note, Series

MAX_EVENTS = 1_000
"""Events in a summary, the most severe ones: a client that polls a detection receives all of them each time."""
COMPONENT = "components."
"""Prefix of the columns that hold a detection's components."""
Columns = dict[str, NDArray[Any]]


def to_columns(detection: Detection) -> tuple[Columns, dict[str, Any]]:
    """The columns and the state of a detection, without its series. A column that is all NaN is left out."""
    named = {name: getattr(detection, name) for name in ("expected", "margin", "score")}
    components = detection.components
    arrays = {} if components is None else components.arrays
    columns = {**named, **{f"{COMPONENT}{name}": part for name, part in arrays.items()}}
    columns = {name: column for name, column in columns.items() if not np.isnan(column).all()}
    if detection.scorer_scores:
        stacked = np.stack([np.nan_to_num(scores) for scores in detection.scorer_scores.values()])
        columns["top_scorer"] = np.argmax(stacked, axis=0).astype(np.uint8)
    state = {
        "version": STATE_VERSION,
        **{name: getattr(detection, name) for name in ("threshold", "merge_gap", "period")},
        "params": dict(detection.params),
        "notes": [note.to_json() for note in detection.notes],
        "scorers": [[scorer.name, scorer.window] for scorer in detection.scorer_scores],
        "components": None if components is None else components.plain,
        "absent": [name for name in arrays if f"{COMPONENT}{name}" not in columns],
    }
    return columns, state


def from_columns(
    detector: type[Detector], series: Series, columns: Mapping[str, NDArray[Any]], state: Mapping[str, Any]
) -> Detection:
    """Inverse of `to_columns`, except that of the scorers' scores only the position of the highest one is left.

    Raises StaleState for a detection that another version saved.
    """
    check_version(state)
    unknown = np.full(len(series), np.nan)
    arrays = {name.removeprefix(COMPONENT): column for name, column in columns.items() if name.startswith(COMPONENT)}
    arrays |= dict.fromkeys(state["absent"], unknown)
    plain = state["components"]
    scorers = [ScorerId(name, window) for name, window in state["scorers"]]
    top_scorer = columns.get("top_scorer", np.empty(0))
    return Detection(
        series,
        columns.get("expected", unknown),
        columns.get("margin", unknown),
        columns.get("score", unknown),
        state["threshold"],
        state["params"],
        state["merge_gap"],
        state["period"],
        notes=tuple(Note.from_json(note) for note in state["notes"]),
        scorer_scores={scorer: np.equal(top_scorer, index) for index, scorer in enumerate(scorers)},
        components=None if plain is None else detector.components_type(**plain, **arrays),
    )


def summarize(detection: Detection, seconds: Mapping[str, float]) -> DetectionSummary:
    """The statistics of a detection, and its events: the MAX_EVENTS most severe ones."""
    events = [event.to_json() for event in detection.events_at(detection.most_severe(MAX_EVENTS))]
    return DetectionSummary(detection.threshold, events, {**detection.statistics, "seconds": dict(seconds)})


def has_same_result(record: DetectionRecord, other: DetectionRecord) -> bool:
    """Whether two records of one detection have the same result."""
    return (record.params, record.event_filter, record.finished) == (other.params, other.event_filter, other.finished)
