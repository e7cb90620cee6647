"""Messages of notes and phrases of scorers: one for each that a detector may use; no code parses them."""

import ast
from pathlib import Path

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
def test_the_message_of_a_note_contains_its_facts(note, message):
    assert note_message(note) == message
    assert Note.from_json(note.to_json()) == note


def test_every_message_is_a_sentence():
    assert all(message.endswith(".") for message in NOTE_MESSAGES.values())


def test_a_scorer_of_windows_names_their_length():
    assert scorer_phrase(ScorerId("level_spread", 64)) == "mean and spread over 64 points"
    assert scorer_phrase(ScorerId("flatline")) == "unchanging values"


ROOT = Path(__file__).parents[2]
OUTSIDE = {"tests", "benchmarks", "node_modules"}
TEXTS = {"explanation", "summary", "headline", "message", "note_message", "alert_summary", "alert_headline"}
"""Names of the fields and functions that hold or make sentences."""
READING = {"startswith", "endswith", "removeprefix", "removesuffix", "split", "partition", "rpartition", "replace"}
READING |= {"find", "index", "lower", "match", "search", "fullmatch"}


def reads_of_sentences(tree):
    """Yield the lines that split, compare or search a sentence."""

    def is_sentence(node):
        if isinstance(node, ast.Call):
            node = node.func
        if isinstance(node, ast.Subscript):
            return isinstance(node.slice, ast.Constant) and node.slice.value in TEXTS
        if isinstance(node, ast.Name):
            return node.id in TEXTS - {"message"}  # a message may be any object
        return getattr(node, "attr", None) in TEXTS

    for node in ast.walk(tree):
        operands = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READING:
            operands = [node.func.value, *node.args]
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn | ast.Eq | ast.NotEq):
            operands = [node.left, *node.comparators]
        if any(map(is_sentence, operands)):
            yield node.lineno


@pytest.mark.parametrize(
    "source",
    [
        "explanation(event).split(', ')[0]",
        "alert.summary.removeprefix('Over: ')",
        "note.message.startswith(FAR_OFF)",
        "'widen' in event['explanation']",
        "re.match('Over', alert.headline)",
    ],
)
def test_reading_a_sentence_is_detected(source):
    assert list(reads_of_sentences(ast.parse(source))) == [1]


def test_no_code_reads_a_sentence():
    files = [file for file in ROOT.rglob("*.py") if not OUTSIDE & set(file.relative_to(ROOT).parts)]
    files = [file for file in files if not any(part.startswith(".") for part in file.relative_to(ROOT).parts)]
    assert len(files) > 100
    result = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in files
        for line in reads_of_sentences(ast.parse(file.read_text("utf-8")))
    ]
    assert result == []
