"""Every English sentence about events, notes, scorers, alerts and silences: facts in, text out.

The program never parses these texts; facts are read from the types that hold them.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from events.context import Context, Rank, Typical
from events.event import Event
from events.policy import MAX_SEVERITY, Notice
from events.scorer import ScorerId
from timeseries import Note, duration

SCORER_PHRASES = {
    "forecast_residual": "distance from the forecast",
    "multi_step_residual": "distance from the forecasts made up to 24 points before,",
    "residual_size": "size of the forecast's errors",
    "level_spread": "mean and spread",
    "matrix_profile": "shape",
    "seasonal_difference": "distance from earlier cycles",
    "cycle_distance": "distance from the cycles before and after",
    "flatline": "unchanging values",
}
"""What each scorer compares, by its name."""
NOTE_MESSAGES = {
    "period": "The series repeats itself every {points} points.",
    "no_period": "No period was found in the series.",
    "outliers_widen_band": "A few extreme values widen the band {factor:.2g} times and may hide "
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
    "lstm_memory_too_long": "The LSTM's forecasts depended on too many earlier points, so it was left out: only a "
    "regression forecasts.",
    "lstm_no_gain": "The LSTM gained nothing on held-out data and was left out: only a regression forecasts.",
    "lstm_gain": "The LSTM lowers the regression's loss by {percent:.2g} % on held-out data.",
    "lstm_multi_step": "The LSTM forecasts up to {horizons} points ahead: its loss is below half of the regression's.",
}
"""The sentence of each note, by its code."""

DAY_MS = 86_400_000
SILENCE_HEADLINES = {"firing": "silent", "resolved": "points resumed"}
TEST_HEADLINE = "messages arrive here"
TEST_SUMMARY = "This is a test: messages arrive here. Nothing is wrong."
NO_LONGER_WATCHED = "No longer watched."
PHASES = {DAY_MS: "at this time of day", 7 * DAY_MS: "at this time of the week"}
"""Where in the cycle a typical value lies, by the length of the cycle."""


def note_message(note: Note) -> str:
    """The sentence of a note."""
    facts = {name: _listed(fact) if isinstance(fact, list | tuple) else fact for name, fact in note.facts.items()}
    return NOTE_MESSAGES[note.code].format(**facts)


def scorer_phrase(scorer: ScorerId) -> str:
    """What a scorer compares, as a noun phrase."""
    phrase = SCORER_PHRASES[scorer.name]
    return phrase if scorer.window is None else f"{phrase} over {scorer.window} points"


def explanation(event: Event) -> str:
    """The peak's deviation, severity and duration in a sentence, then how the peak compares with the series.

    >>> explanation(Event(10, 13, 11, "above", 2.41, 34.1, 24.9))
    '34.1 is 36.9 % above the expected 24.9, 2.41 times the distance allowed; lasts 3 points.'
    """
    remark = "" if event.context is None else context_remark(event.context, event.direction)
    sentence = _explain_residual(event) if event.top_scorer is None else _explain_scorers(event, event.top_scorer)
    return f"{sentence} {remark}" if remark else sentence


def _explain_residual(event: Event) -> str:
    """The sentence of an event of a detector without scorers."""
    beyond = f"{_times(event.severity)} the distance allowed; lasts {count(event.points, 'point')}."
    if event.direction == "shape":
        return f"An unusual shape around {event.value:.6g}, {beyond}"
    return f"{comparison(event)}, {beyond}"


def _explain_scorers(event: Event, top_scorer: str) -> str:
    """The sentence of an event of a detector that combines scorers."""
    beyond = f"{_times(event.severity)} the score allowed; lasts {count(event.points, 'point')}."
    top = scorer_phrase(ScorerId(top_scorer, event.window))
    others = f", also {' and '.join(map(scorer_phrase, event.other_scorers))}" if event.other_scorers else ""
    if event.direction == "shape":
        return f"Unusual {top}{others}, around {event.value:.6g}: {beyond}"
    return f"{comparison(event)}, most unusual by its {top}{others}: {beyond}"


def comparison(event: Event, verb: str = "is") -> str:
    """The value of an event's peak beside its expected one, as a clause.

    The deviation is a share of the expected value, or stands in the series' unit where a share would be "293 % below".

    >>> comparison(Event(0, 1, 0, "below", 2.0, -40.0, 20.76))
    '-40 is 60.76 below the expected 20.76'
    """
    value, expected, direction = event.value, event.expected, event.direction
    if direction == "shape":
        return f"an unusual shape around {value:.6g}"
    percent = abs(value - expected) / abs(expected) * 100 if expected else math.inf
    share = f"{percent:.3g} % " if percent < 1000 else ""
    if expected and (value * np.sign(expected) < 0 or (direction == "below" and percent > 100)):
        share = f"{abs(value - expected):.6g} "
    return f"{value:.6g} {verb} {share}{direction} the expected {expected:.6g}"


def context_remark(context: Context, direction: str) -> str:
    """How a peak compares with its series, as a sentence; "" where there is nothing to remark."""
    facts = []
    if context.rank is not None:
        facts.append(f"{'highest' if direction == 'above' else 'lowest'} {_rank_scope(context.rank)}")
    if context.typical is not None:
        facts.append(_typical_value(context.typical))
    if context.edge is not None:
        side = "below" if direction == "above" else "above"
        facts.append(f"would be normal {side} {rounded(context.edge, context.margin or 0.0)}")
    return f"{capitalized('; '.join(facts))}." if facts else ""


def _rank_scope(rank: Rank) -> str:
    """ "of the 41 days", "for 3 days" or "so far"."""
    length = f"{rank.points} points" if rank.ms is None else duration(rank.ms, digits=2)
    return {"series": f"of the {length}", "so_far": "so far", "recent": f"for {length}"}[rank.scope]


def _typical_value(typical: Typical) -> str:
    phase = PHASES.get(typical.cycle_ms, "at this phase of the cycle")
    return f"the typical value {phase} is {rounded(typical.median, typical.value_range)}"


def replay_summary(notices: Sequence[Notice], points: int, span_ms: int | None, silences: int, resumed: int) -> str:
    """The outcome of a replay. `span_ms` is the time from the first point to the last; of the messages about silence,
    `silences` are that it began and `resumed` that it ended.

    >>> replay_summary([], 1000, None, 0, 0)
    'Over the last 1000 points this would have sent no message.'
    >>> replay_summary([], 43_200, 43_199 * 60_000, 0, 0)
    'Over the last 30 days (43200 points) this would have sent no message.'
    >>> replay_summary([], 1000, None, silences=2, resumed=1)
    'Over the last 1000 points this would have sent 3 messages, about 2 silences.'
    """
    sent = len(notices) + silences + resumed
    topics = [count(sum(notice.status == "firing" for notice in notices), "event")] if notices else []
    topics += [count(silences, "silence")] if silences else []
    about = f", about {' and '.join(topics)}" if topics else ""
    over = f"{points} points" if span_ms is None else f"{duration(span_ms)} ({points} points)"
    return f"Over the last {over} this would have sent {count(sent, 'message') if sent else 'no message'}{about}."


def silence_explanation(allowed_ms: float, lasted_ms: float | None) -> str:
    """A silence of a stream. `lasted_ms` is None while it lasts."""
    lasted = "" if lasted_ms is None else f" It lasted {duration(lasted_ms)}."
    return f"No point for longer than the {duration(allowed_ms)} that its arrival intervals allow.{lasted}"


def silence_summary(allowed_ms: float, lasted_ms: float | None, *, watched: bool) -> str:
    """The summary of an alert about a silence.

    `lasted_ms` is None while it lasts; `watched` is false where it ends because its policy was deleted.
    """
    if lasted_ms is None:
        sentence = f"no point for longer than the {duration(allowed_ms)} that its arrival intervals allow."
        label = "Silent: "
    else:
        sentence = f"points resumed after {duration(lasted_ms)}."
        label = "Over: "
    return f"{label}{sentence}" if watched else f"{NO_LONGER_WATCHED} {capitalized(sentence)}"


def alert_headline(notice: Notice) -> str:
    """An event in a few words, for the subject of a mail."""
    if notice.status == "firing":
        return capitalized(comparison(notice.event))
    return f"over, {comparison(notice.event, 'was')}"


def alert_summary(notice: Notice, last_anomaly: str | None) -> str:
    """An event in a sentence or two; `last_anomaly` is the time of its last one as text."""
    event = notice.event
    if notice.status == "firing":
        return f"{alert_headline(notice)}, {_beyond_band(event)}; {count(event.anomalies, 'anomaly')} so far."
    return f"Over: {_ending(event, last_anomaly)}"


def unwatched_summary(event: Event, last_anomaly: str | None) -> str:
    """The summary of an event that is resolved because its policy was deleted; arguments as of `alert_summary`."""
    return f"{NO_LONGER_WATCHED} {capitalized(_ending(event, last_anomaly))}"


def _ending(event: Event, last_anomaly: str | None) -> str:
    """How an event went, as a sentence in lower case."""
    were = "was" if event.anomalies == 1 else "were"
    worst = f"at worst {comparison(event, 'was')}, {_beyond_band(event)}"
    sentence = f"there {were} {count(event.anomalies, 'anomaly')}; {worst}."
    if last_anomaly is None or event.start_time is None or event.stop_time is None:
        return sentence
    length = event.stop_time - event.start_time
    after = f", {duration(length)} after the first" if length else ""
    return f"{sentence} The last was at {last_anomaly}{after}."


def _beyond_band(event: Event) -> str:
    """The severity of a stream's event, which counts the deviation in margins."""
    if event.direction == "shape":
        return "unlike the values before"  # a shape may lie where it was expected
    if not math.isfinite(event.severity) or event.severity >= MAX_SEVERITY:
        return "far outside the normal band"
    severity = f"{event.severity:.3g}"
    return "just outside the normal band" if severity == "1" else f"{severity} times the normal margin"


def count(number: int, noun: str) -> str:
    """ "1 point", "3 points", "2 anomalies"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def capitalized(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def rounded(value: float, scale: float) -> str:
    """The value to the digits that make sense beside a distance of this size: 27.4123 beside 2.5 is "27.4"."""
    if not (math.isfinite(scale) and scale > 0 and 1e-9 < abs(scale) < 1e15):
        return f"{value:.6g}"
    return f"{round(value, 1 - math.floor(math.log10(scale))):.10g}"


def _times(severity: float) -> str:
    """The severity as a factor; "just above" instead of "1 times"."""
    text = f"{severity:.3g}"
    return "just above" if text == "1" else f"{text} times"


def _listed(items: Iterable[object]) -> str:
    """ "32, 64 and 128"."""
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last
