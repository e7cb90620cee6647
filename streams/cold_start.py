"""The cold start of a stream: until its own detector is fitted, search for a season and use it once it is reliable.

The checks are at the same numbers of points, in the middle of a push too, so that the scores are the same whether
points arrive one by one or as one long history. A check reads at most MAX_TRAINING_POINTS; a million points take about
25 checks.
"""

from dataclasses import dataclass

from detectors import find_detector
from events.scored_points import ScoredPoints, concatenate
from store import Labels, StreamStore
from streams.stream_state import SEASONAL_FALLBACK, StreamState, merge_gap
from streams.training_data import MAX_TRAINING_POINTS, fit_trusted_season, mask_anomalies, next_season_check
from timeseries import Series


@dataclass(frozen=True)
class ColdStart:
    """Scores the points of streams, with checks for a season until the own detector is fitted."""

    store: StreamStore
    labels: Labels

    def score(self, state: StreamState, new: Series, now: int) -> ScoredPoints:
        """Scores new points as `StreamState.score` does. The caller holds the stream's lock."""
        if not _needs_season(state):
            return state.score(new, now)
        parts: list[ScoredPoints] = []
        start = 0
        while True:
            until_check = next_season_check(state.seasonal_at) - state.stream.cursor
            if until_check <= 0:
                self._check_season(state, parts)
                until_check = next_season_check(state.seasonal_at) - state.stream.cursor
            if start == len(new):
                return concatenate(parts)
            stop = min(start + until_check, len(new))
            parts.append(state.score(new.slice(start, stop), now))
            start = stop

    def check_season(self, state: StreamState) -> None:
        """Search the stored points for a season, with the current labels."""
        with state.lock:
            if not state.dropped and _needs_season(state):
                self._check_season(state, [])

    def _check_season(self, state: StreamState, unwritten: list[ScoredPoints]) -> None:
        """Search the stored points and those just scored for a season."""
        if state.pending_write is not None:
            state.pending_write.result()
        stream = state.stream
        state.seasonal_at = stream.cursor
        if not stream.cursor:
            return
        history = concatenate([self.store.read_latest(stream, MAX_TRAINING_POINTS), *unwritten])
        history = history.part(max(0, len(history) - MAX_TRAINING_POINTS), len(history))
        series = mask_anomalies(history, merge_gap(stream), self.labels.of(stream.id))
        trusted = fit_trusted_season(series, state.fallback, find_detector(SEASONAL_FALLBACK).fit)
        if trusted is not None:
            detector, residuals = trusted
            state.adopt_seasonal(detector, residuals, history)


def _needs_season(state: StreamState) -> bool:
    """Whether the stream has no detector of its own yet, and that is not the seasonal one."""
    return state.own is None and state.stream.detector != SEASONAL_FALLBACK
