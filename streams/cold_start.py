"""A young stream: judged by season as soon as that can be trusted, until its own detector is fitted.

A season is looked for at the same points whether they come one by one or as one long history, and on the way, so that
the verdicts are the same. Each look is at the newest FIT_ON points at most, and there are some 25 in a million points.
"""

from anomaly_detection import DEFAULT_MERGE_GAP
from events.scored_points import ScoredPoints, concatenate
from store import Labels, StreamStore
from streams.registry import find
from streams.stream_state import SEASONAL, StreamState
from streams.training_data import FIT_ON, learnable, season_due, seasonal
from timeseries import Series


class ColdStart:
    """Judges the points of streams that have no detector of their own yet."""

    def __init__(self, store: StreamStore, labels: Labels) -> None:
        self._store, self._labels = store, labels

    def judge(self, live: StreamState, new: Series, present: int) -> ScoredPoints:
        """As `Live.judge`, and looks for a season wherever that is due; its lock is held."""
        if live.own is not None or live.stream.detector == SEASONAL:
            return live.judge(new, present)
        parts: list[ScoredPoints] = []
        at = 0
        while True:
            left = season_due(live.seasonal_at) - live.stream.cursor
            if left <= 0:
                self._look(live, parts)
                left = season_due(live.seasonal_at) - live.stream.cursor
            if at == len(new):
                return concatenate(parts)
            stop = min(at + left, len(new))
            parts.append(live.judge(new.slice(at, stop), present))
            at = stop

    def look(self, live: StreamState) -> None:
        """Looks for a season on what is kept, as it is labelled now."""
        with live.lock:
            if not live.gone and live.own is None and live.stream.detector != SEASONAL:
                self._look(live, [])

    def _look(self, live: StreamState, parts: list[ScoredPoints]) -> None:
        """On the points that are kept and those that were judged just now and are not."""
        if live.kept is not None:
            live.kept.result()
        stream = live.stream
        history = concatenate([self._store.read_latest(stream, FIT_ON), *parts]) if stream.cursor else None
        live.seasonal_at = stream.cursor
        if history is None:
            return
        history = history.part(max(0, len(history) - FIT_ON), len(history))
        merge_gap = int(stream.params.get("merge_gap", DEFAULT_MERGE_GAP))
        found = seasonal(learnable(history, merge_gap, self._labels.of(stream.id)), live.early, find(SEASONAL).fit)
        if found is not None:
            live.adopt_seasonal(*found, history)
