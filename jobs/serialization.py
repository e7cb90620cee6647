"""A detection as columns, a state and a verdict that the store keeps, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anomaly_detection import STATE_VERSION, Detection, Detector, check_version
from events.scorer import ScorerId
from store import DetectionRecord, DetectionSummary, Label
from timeseries import Bools, Note, Series

MOST_EVENTS = 1_000
"""Events that are kept with a verdict, the gravest: whoever follows a detection is sent all of them each time."""
COMPONENT = "components."
"""Prefix of the columns that hold a detection's components."""
Columns = dict[str, NDArray[Any]]


def mask_labelled_anomalies(series: Series, labels: Sequence[Label]) -> Series:
    """What a detector learns from: what is labelled an anomaly is missing; of two labels the later holds."""
    hidden = np.zeros(len(series), np.bool_)
    for each in labels:
        hidden[each.start : each.stop] = each.kind == "anomaly"
    return replace(series, values=np.where(hidden, np.nan, series.values)) if hidden.any() else series


def merge_labelled(kept: Detection, whole: Detection, hidden: Bools) -> Detection:
    """What a detector that learned a series without its labelled anomalies says of it.

    kept    the judgement of the series that was learned: what is known to be wrong makes nothing beside it unusual
    whole   that of the series with everything in it, which stands for the labelled points (n,) `hidden` alone
    """

    def of(mine: Any, theirs: Any) -> Any:
        return np.where(hidden, theirs, mine) if isinstance(mine, np.ndarray) and mine.shape == hidden.shape else mine

    columns = {name: of(getattr(kept, name), getattr(whole, name)) for name in ("expected", "margin", "score")}
    scorer_scores = {each: of(scores, whole.scorer_scores[each]) for each, scores in kept.scorer_scores.items()}
    components = kept.components
    if components is not None and whole.components is not None:
        components = components.merge(whole.components, hidden)
    return replace(kept, series=whole.series, scorer_scores=scorer_scores, components=components, **columns)


def to_columns(detection: Detection) -> tuple[Columns, dict[str, Any]]:
    """The columns and the state of a detection, without its series. A column without any number is left out."""
    named = {name: getattr(detection, name) for name in ("expected", "margin", "score")}
    components = detection.components
    arrays = {} if components is None else components.arrays
    columns = {**named, **{f"{COMPONENT}{name}": part for name, part in arrays.items()}}
    columns = {name: column for name, column in columns.items() if not np.isnan(column).all()}
    if detection.scorer_scores:
        scores = np.stack([np.nan_to_num(each) for each in detection.scorer_scores.values()])
        columns["top_scorer"] = np.argmax(scores, axis=0).astype(np.uint8)
    state = {
        "version": STATE_VERSION,
        **{name: getattr(detection, name) for name in ("threshold", "merge_gap", "period")},
        "params": dict(detection.params),
        "notes": [note.to_plain() for note in detection.notes],
        "scorers": [[scorer.name, scorer.window] for scorer in detection.scorer_scores],
        "components": None if components is None else components.plain,
        "absent": [name for name in arrays if f"{COMPONENT}{name}" not in columns],
    }
    return columns, state


def from_columns(
    detector: type[Detector], series: Series, columns: Mapping[str, NDArray[Any]], state: Mapping[str, Any]
) -> Detection:
    """The detection that `to_columns` took apart. Of its scorers it still knows which had the highest score. Raises
    StaleState for one that another version saved."""
    check_version(state)
    nowhere = np.full(len(series), np.nan)
    arrays = {name.removeprefix(COMPONENT): column for name, column in columns.items() if name.startswith(COMPONENT)}
    arrays |= dict.fromkeys(state["absent"], nowhere)
    plain = state["components"]
    scorers = [ScorerId(name, window) for name, window in state["scorers"]]
    top_scorer = columns.get("top_scorer", np.empty(0))
    return Detection(
        series,
        columns.get("expected", nowhere),
        columns.get("margin", nowhere),
        columns.get("score", nowhere),
        state["threshold"],
        state["params"],
        state["merge_gap"],
        state["period"],
        notes=tuple(Note.from_plain(note) for note in state["notes"]),
        scorer_scores={scorer: np.equal(top_scorer, index) for index, scorer in enumerate(scorers)},
        components=None if plain is None else detector.components_type(**plain, **arrays),
    )


def summarize(detection: Detection, seconds: Mapping[str, float]) -> DetectionSummary:
    """The statistics of a detection, and its events: the MOST_EVENTS most severe ones."""
    events = [event.to_plain() for event in detection.events_at(detection.most_severe(MOST_EVENTS))]
    return DetectionSummary(detection.threshold, events, {**detection.statistics, "seconds": dict(seconds)})


def same_judgement(one: DetectionRecord, other: DetectionRecord) -> bool:
    """Whether two readings of one detection stand for the same judgement."""
    return (one.params, one.event_filter, one.finished) == (other.params, other.event_filter, other.finished)
