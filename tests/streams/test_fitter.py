"""What somebody waits for is fitted first, then what has no detector yet; nothing is fitted twice for one wish."""

import threading

import pytest

from streams.fitter import AGAIN, ASKED_FOR, FIRST, Fitter
from tests.waiting import SECONDS


@pytest.fixture
def fitted():
    """A fitter whose first fit waits until it is let go, and the names in the order of their fits."""
    names, gate = [], threading.Event()

    def fit(name):
        names.append(name)
        gate.wait(SECONDS)
        if name == "bad":
            raise ValueError("cannot be fitted")

    fitter = Fitter(fit)
    fitter.start()
    fitter.ask("busy")
    yield fitter, names, gate
    gate.set()
    fitter.stop(SECONDS)


def test_the_most_urgent_comes_first(fitted):
    fitter, names, gate = fitted
    waits = [
        fitter.ask("again", AGAIN),
        fitter.ask("first", FIRST),
        fitter.ask("asked", ASKED_FOR),
        fitter.ask("hurried", AGAIN),
        fitter.ask("hurried", ASKED_FOR),
    ]
    gate.set()
    assert all(done.wait(SECONDS) for done in waits)
    assert names == ["busy", "asked", "hurried", "first", "again"]


def test_a_name_that_waits_is_not_queued_again(fitted):
    fitter, names, gate = fitted
    assert fitter.ask("a", FIRST) is fitter.ask("a", AGAIN) is fitter.ask("a", FIRST)
    done = fitter.ask("last", AGAIN)
    gate.set()
    assert done.wait(SECONDS)
    assert names == ["busy", "a", "last"]


def test_a_fit_that_fails_ends_no_other(fitted, caplog):
    fitter, names, gate = fitted
    waits = [fitter.ask("bad"), fitter.ask("good", AGAIN)]
    gate.set()
    assert all(done.wait(SECONDS) for done in waits)
    assert names == ["busy", "bad", "good"]
    assert "'bad' could not be fitted" in caplog.text
