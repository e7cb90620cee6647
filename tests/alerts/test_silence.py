"""A watched stream that goes silent: one firing and one resolved message to each channel, also across faults."""

import pytest

from alerts import Alerts, EventTracker
from store import Outbox, Silence, Silences
from tests.alerts.conftest import START, append, make

NOW = 1_800_000_000_000


@pytest.fixture
def silences(store):
    return Silences(store.database)


@pytest.fixture
def alerts(store):
    make(store)
    append(store, "...")
    alerts = Alerts(store, [], lambda: NOW / 1000)
    alerts.watch("boiler", {})
    return alerts


def begin(store, silences, name="boiler"):
    stream = store.stream(name)
    return silences.begin({name: Silence(stream.id, 0, 3, START, START, 60_000, NOW)})[name]


def end(silences, silence):
    silences.end([Silence(**{**vars(silence), "stop": NOW + 1000})])


def step(store, *channels):
    """One step of the tracker; returns all messages, oldest first."""
    EventTracker(store, Outbox(store.database), channels or ("a",)).step(NOW)
    messages = Outbox(store.database).newest(100)
    return [(each.body["kind"], each.body["status"], each.channel) for each in reversed(messages)]


def test_one_message_when_it_begins_and_one_when_it_is_over(store, alerts, silences):
    silence = begin(store, silences)
    expected = [("silence", "firing", "a"), ("silence", "firing", "b")]
    for _ in range(3):
        assert step(store, "a", "b") == expected
    end(silences, silence)
    for _ in range(3):
        assert step(store, "a", "b") == [*expected, ("silence", "resolved", "a"), ("silence", "resolved", "b")]


def test_a_silence_that_is_over_already_fires_and_is_resolved(store, alerts, silences):
    end(silences, begin(store, silences))
    assert step(store) == [("silence", "firing", "a"), ("silence", "resolved", "a")]


def test_a_silence_that_ends_while_it_is_announced_is_resolved_too(store, alerts, silences, monkeypatch):
    silence, settle = begin(store, silences), Silences.decide

    def late(self, each, announced, messages):
        monkeypatch.setattr(Silences, "decide", settle)
        end(silences, silence)
        return settle(self, each, announced, messages)

    monkeypatch.setattr(Silences, "decide", late)
    assert step(store) == []
    assert step(store) == [("silence", "firing", "a"), ("silence", "resolved", "a")]


def test_a_crash_before_the_commit_neither_loses_nor_repeats_it(store, alerts, silences, monkeypatch):
    begin(store, silences)
    with monkeypatch.context() as patched:
        patched.setattr("store.silences.message_values", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            step(store)
    assert step(store) == step(store) == [("silence", "firing", "a")]


def test_the_policy_decides(store, alerts, silences):
    alerts.watch("boiler", {"silent": False})
    silence = begin(store, silences)
    assert step(store) == []
    end(silences, silence)
    assert step(store) == []
    assert silences.pending(10) == []


def test_a_stream_without_a_policy_sends_nothing(store, silences):
    make(store)
    silence = begin(store, silences)
    assert step(store) == []
    Alerts(store, [], lambda: NOW / 1000).watch("boiler", {})
    assert step(store) == [("silence", "firing", "a")]  # it is silent now that it is watched
    end(silences, silence)
    assert step(store)[1:] == [("silence", "resolved", "a")]
    end(silences, begin(store, silences))
    alerts = Alerts(store, [], lambda: NOW / 1000)
    alerts.unwatch("boiler")
    assert len(step(store)) == 2
    alerts.watch("boiler", {})
    assert len(step(store)) == 2  # a silence that ended before the policy is not sent


@pytest.mark.parametrize("over", [False, True])
def test_a_firing_silence_is_resolved_when_its_policy_is_deleted(store, alerts, silences, over):
    silence = begin(store, silences)
    alerts = Alerts(store, [], lambda: NOW / 1000)
    alerts._tracker = EventTracker(store, Outbox(store.database), ("a",))
    assert step(store) == [("silence", "firing", "a")]
    if over:
        end(silences, silence)
    alerts.unwatch("boiler")
    expected = [("silence", "firing", "a"), ("silence", "resolved", "a")]
    assert step(store) == expected
    assert Outbox(store.database).newest(1)[0].body["summary"].startswith("No longer watched. ")
    if not over:
        end(silences, silence)
    alerts.watch("boiler", {})
    assert step(store) == expected


def test_a_firing_silence_is_resolved_though_the_policy_changed(store, alerts, silences):
    silence = begin(store, silences)
    step(store)
    alerts.watch("boiler", {"silent": False})
    end(silences, silence)
    assert step(store) == [("silence", "firing", "a"), ("silence", "resolved", "a")]


def test_silences_and_anomalies_of_one_stream_are_separate_alerts(store, alerts, silences):
    begin(store, silences)
    append(store, "#")
    assert sorted(step(store)) == [("anomaly", "firing", "a"), ("silence", "firing", "a")]


def test_old_silences_are_forgotten(store, alerts, silences, monkeypatch):
    monkeypatch.setattr("store.silences.MAX_SILENCES", 3)
    for _ in range(5):
        end(silences, begin(store, silences))
    assert [each.number for each in silences.of(store.stream("boiler").id)] == [5, 4, 3]
