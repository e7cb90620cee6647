"""Requested fits come first, then streams without a detector; a queued fit is not queued twice."""

import threading

import pytest

from streams.fitter import FIRST, REFIT, REQUESTED, Fitter
from tests.waiting import SECONDS


@pytest.fixture
def fitted():
    """A fitter whose first fit waits for the gate, the names in the order of their fits, and the gate."""
    names, gate = [], threading.Event()

    def fit(name):
        names.append(name)
        gate.wait(SECONDS)
        if name == "bad":
            raise ValueError("cannot be fitted")

    fitter = Fitter(fit)
    fitter.start()
    fitter.request("busy")
    yield fitter, names, gate
    gate.set()
    fitter.stop(SECONDS)


def test_the_highest_priority_is_fitted_first(fitted):
    fitter, names, gate = fitted
    waits = [
        fitter.request("refit", REFIT),
        fitter.request("first", FIRST),
        fitter.request("requested", REQUESTED),
        fitter.request("hurried", REFIT),
        fitter.request("hurried", REQUESTED),
    ]
    gate.set()
    assert all(done.wait(SECONDS) for done in waits)
    assert names == ["busy", "requested", "hurried", "first", "refit"]


def test_a_queued_name_is_not_queued_twice(fitted):
    fitter, names, gate = fitted
    assert fitter.request("a", FIRST) is fitter.request("a", REFIT) is fitter.request("a", FIRST)
    done = fitter.request("last", REFIT)
    gate.set()
    assert done.wait(SECONDS)
    assert names == ["busy", "a", "last"]


def test_a_fit_that_fails_does_not_end_the_others(fitted, caplog):
    fitter, names, gate = fitted
    waits = [fitter.request("bad"), fitter.request("good", REFIT)]
    gate.set()
    assert all(done.wait(SECONDS) for done in waits)
    assert names == ["busy", "bad", "good"]
    assert "'bad' could not be fitted" in caplog.text
