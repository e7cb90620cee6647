"""Sentences of notes and phrases of scorers: one for each that a detector may name."""

import numpy as np
import pytest

from detectors.registry import DETECTORS
from events.scorer import ScorerId
from events.wording import NOTE_MESSAGES, note_message, scorer_phrase
from timeseries import Note, Series


def daily(points):
    at = np.arange(points)
    return Series(None, 5 + np.sin(2 * np.pi * at / 48) + np.random.default_rng(0).normal(0, 0.1, points))


@pytest.mark.parametrize("name", sorted(DETECTORS))
@pytest.mark.parametrize("points", [10, 700])
def test_every_note_and_scorer_of_a_detector_has_a_text(name, points):
    series = daily(points)
    detection = DETECTORS[name].fit(series).detect_offline(series)
    messages = [note_message(note) for note in detection.notes]
    assert all(message.endswith(".") and message[0].isupper() for message in messages)
    assert all(scorer_phrase(scorer) for scorer in detection.scorer_scores)


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (Note("period", {"points": 1440}), "The series repeats itself every 1440 points."),
        (Note("lstm_gain", {"percent": 12.345}), "The LSTM lowers the regression's loss by 12 % on held-out data."),
        (
            Note("level_spread_windows", {"lengths": [32, 64, 128]}),
            "Mean and spread of the last 32, 64 and 128 points are compared with their typical values.",
        ),
    ],
)
def test_the_facts_of_a_note_stand_in_its_message(note, message):
    assert note_message(note) == message
    assert Note.from_plain(note.to_plain()) == note


def test_every_message_is_a_sentence():
    assert all(message.endswith(".") for message in NOTE_MESSAGES.values())


def test_a_scorer_of_windows_names_their_length():
    assert scorer_phrase(ScorerId("level_spread", 64)) == "mean and spread over 64 points"
    assert scorer_phrase(ScorerId("flatline")) == "unchanging values"
