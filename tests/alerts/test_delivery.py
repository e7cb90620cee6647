"""Events of watched streams become messages, one to each channel, in order, repeated until accepted."""

import logging
import threading

import pytest

from alerts import Alerts, EventTracker, Sender, SendFailed
from alerts.sender import GIVE_UP_MS, MAX_WAIT_MS
from errors import BadParameter, NotFound, UnknownName
from events.policy import Policy
from store import Outbox, StreamStore, WatchedStream
from tests.alerts.conftest import append, make
from tests.waiting import SECONDS, until

NOW = 1_800_000_000_000


class Channel:
    """Records the alerts sent; fails while `failures` is positive."""

    reason = "answered 503: busy"

    def __init__(self, name="here", failures=0):
        self.name, self.failures, self.accepted, self.attempts = name, failures, [], []

    def send(self, alert, key, now):
        self.attempts.append(now)
        if self.failures > 0:
            self.failures -= 1
            raise SendFailed(self.reason)
        self.accepted.append((alert.status, alert.stream, key))

    @property
    def statuses(self):
        return [status for status, _, _ in self.accepted]


def clock():
    return NOW / 1000


@pytest.fixture
def outbox(store):
    return Outbox(store.database)


@pytest.fixture
def watched(store):
    """Alerts over a stream that is watched from its beginning; its threads do not run."""
    make(store)
    alerts = Alerts(store, [Channel("a"), Channel("b")], clock)
    alerts.watch("boiler", {})
    return alerts


def tracker(store, *channels):
    return EventTracker(store, Outbox(store.database), channels)


def test_firing_and_resolved_are_sent_to_each_channel(store, outbox, watched):
    append(store, "..#.....")
    assert tracker(store, "a", "b").step(NOW) == 1
    assert tracker(store, "a", "b").step(NOW) == 0
    for name in ("a", "b"):
        channel = Channel(name)
        assert [Sender(outbox, channel).step(NOW) for _ in range(3)] == [1, 1, 0]
        assert channel.statuses == ["firing", "resolved"]
    assert len({message.key for message in outbox.newest(10)}) == 4


def test_an_event_may_begin_in_one_push_and_end_in_another(store, outbox, watched):
    for picture in ("..#", "..", "..", "#"):
        append(store, picture)
        tracker(store, "a").step(NOW)
    assert [message.body["status"] for message in reversed(outbox.newest(10))] == ["firing", "resolved", "firing"]


def test_any_error_text_of_a_receiver_is_stored(store, outbox, watched):
    append(store, "#")
    tracker(store, "a").step(NOW)
    channel = Channel("a", failures=1)
    channel.reason = "answered 503: a\0b"
    assert Sender(outbox, channel).step(NOW) == 0
    [message] = outbox.newest(10)
    assert (message.attempts, message.error) == (1, "answered 503: a\ufffdb")


def test_events_before_the_watch_are_not_sent(store, outbox):
    make(store)
    append(store, "..#")
    Alerts(store, [], clock).watch("boiler", {})
    append(store, ".....")
    tracker(store, "a").step(NOW)
    assert outbox.newest(10) == []


def test_a_long_history_is_followed_in_parts(store, outbox, watched, monkeypatch):
    monkeypatch.setattr("alerts.event_tracker.MAX_POINTS", 3)
    append(store, "..#.....#.....")
    while tracker(store, "a").step(NOW):
        pass
    assert len(outbox.newest(10)) == 4


def test_the_policy_is_stored(store, watched, outbox):
    watched.watch("boiler", {"min_points": 2})
    append(store, "#....##")
    tracker(store, "a").step(NOW)
    assert [message.body["event"] for message in outbox.newest(10)] == [6]
    assert watched.policy("boiler") == Policy(min_points=2)


def test_a_crash_before_the_commit_neither_loses_nor_repeats_an_event(store, outbox, watched, monkeypatch):
    append(store, "#")
    with monkeypatch.context() as patched:
        patched.setattr("store.outbox.message_values", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tracker(store, "a").step(NOW)
    assert outbox.newest(10) == []
    tracker(store, "a").step(NOW)
    assert len(outbox.newest(10)) == 1


def test_two_trackers_do_not_send_twice(store, outbox, watched):
    append(store, "#")
    [(_, watch)] = outbox.lagging(10)
    steps = [tracker(store, "a").advance("boiler", watch, NOW) for _ in range(2)]
    assert [outbox.advance([step]) for step in steps] == [[True], [False]]
    assert len(outbox.newest(10)) == 1


def test_a_policy_that_was_changed_meanwhile_wins(store, outbox, watched):
    append(store, "#")
    [(_, watch)] = outbox.lagging(10)
    step = tracker(store, "a").advance("boiler", watch, NOW)
    watched.watch("boiler", {"min_points": 5})
    assert outbox.advance([step]) == [False]
    assert outbox.newest(10) == []


def test_many_streams_are_followed_in_one_go(store, outbox, watched):
    for name in ("pump", "fan", "valve"):
        make(store, name)
        watched.watch(name, {})
        append(store, "#", name)
    assert tracker(store, "a").step(NOW) == 3
    assert {message.stream for message in outbox.newest(10)} == {"pump", "fan", "valve"}


def test_a_failure_is_retried_with_growing_waits_and_the_same_key(store, outbox, watched, caplog):
    append(store, "#")
    tracker(store, "a").step(NOW)
    channel = Channel("a", failures=3)
    sender = Sender(outbox, channel)
    for second in range(12):
        sender.step(NOW + second * 1000)
    assert [(at - NOW) // 1000 for at in channel.attempts] == [0, 1, 3, 7]
    [message] = outbox.newest(10)
    assert (message.status, message.attempts, message.error, channel.accepted[0][2]) == ("sent", 4, "", message.key)
    assert "tried again later: answered 503: busy" in caplog.text


def test_resolved_is_never_sent_before_firing(store, outbox, watched):
    append(store, "#....")
    tracker(store, "a").step(NOW)
    channel = Channel("a", failures=1)
    sender = Sender(outbox, channel)
    sender.step(NOW)
    assert sender.step(NOW + 500) == 0
    sender.step(NOW + 1000)
    sender.step(NOW + 1000)
    assert channel.statuses == ["firing", "resolved"]


def test_a_failing_stream_delays_no_other(store, outbox, watched):
    make(store, "pump")
    watched.watch("pump", {})
    append(store, "#")
    append(store, "#", "pump")
    tracker(store, "a").step(NOW)
    channel = Channel("a", failures=1)
    Sender(outbox, channel).step(NOW)
    assert [stream for _, stream, _ in channel.accepted] == ["pump"]


def test_waits_are_at_most_ten_minutes_and_a_message_is_given_up_after_days(store, outbox, watched, caplog):
    append(store, "#")
    tracker(store, "a").step(NOW)
    channel = Channel("a", failures=10**6)
    sender, at = Sender(outbox, channel), NOW
    while outbox.newest(1)[0].status == "waiting":
        sender.step(at)
        at += MAX_WAIT_MS
    assert GIVE_UP_MS < channel.attempts[-1] - NOW <= GIVE_UP_MS + 2 * MAX_WAIT_MS
    assert outbox.newest(1)[0].status == "given_up"
    assert "given up: answered 503: busy" in caplog.text


def test_waiting_messages_are_sent_after_a_restart(url, outbox, store, watched):
    append(store, "#....")
    tracker(store, "a").step(NOW)
    Sender(outbox, Channel("a", failures=1)).step(NOW)
    store.close()
    reopened = StreamStore.open(url)
    channel = Channel("a")
    sender = Sender(Outbox(reopened.database), channel)
    sender.step(NOW + 1000)
    sender.step(NOW + 1000)
    reopened.close()
    assert channel.statuses == ["firing", "resolved"]


def test_old_sent_messages_are_deleted_and_waiting_ones_are_not(store, outbox, watched):
    append(store, "#....#")
    tracker(store, "a").step(NOW)
    Sender(outbox, Channel("a")).step(NOW)
    assert outbox.delete_old(NOW + 1) == 1
    assert [message.status for message in outbox.newest(10)] == ["waiting", "waiting"]


def test_the_threads_follow_send_and_end(store, watched):
    channel = Channel("here")
    alerts = Alerts(store, [channel])
    alerts.start()
    append(store, "..#.....")
    until(lambda: len(channel.statuses) == 2)
    alerts.stop()
    assert channel.statuses == ["firing", "resolved"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("alerts-")]


def test_a_thread_outlives_a_database_that_fails_for_a_while(store, watched, monkeypatch, caplog):
    monkeypatch.setattr("alerts.alerts.SECONDS_AFTER_FAILURE", 0.01)
    channel, failures = Channel("here"), [1, 1, 1]
    alerts = Alerts(store, [channel])
    behind = Outbox.lagging

    def failing(self, limit):
        if failures:
            raise OSError(f"disk full {failures.pop()}")
        return behind(self, limit)

    monkeypatch.setattr(Outbox, "lagging", failing)
    append(store, "#")
    with caplog.at_level(logging.ERROR):
        alerts.start()
        until(lambda: channel.statuses)
        alerts.stop()
    assert channel.statuses == ["firing"]
    assert caplog.text.count("OSError: disk full") == 3


def test_a_hanging_receiver_does_not_hold_up_the_end(store, watched):
    answers = threading.Event()

    class Hanging(Channel):
        def send(self, alert, key, now):
            self.attempts.append(now)
            answers.wait(SECONDS)

    channel = Hanging("here")
    alerts = Alerts(store, [channel])
    alerts.test("here")
    alerts.start()
    until(lambda: channel.attempts)
    alerts.stop()
    left = [thread for thread in threading.enumerate() if thread.name == "alerts-here"]
    assert [thread.is_alive() for thread in left] == [True]
    answers.set()
    left[0].join()


def test_a_deleted_stream_is_watched_no_longer(store, outbox, watched):
    append(store, "#")
    [(_, watch)] = outbox.lagging(10)
    store.delete(watch.stream_id)
    assert outbox.lagging(10) == []
    assert tracker(store, "a").advance("boiler", watch, NOW) is None


def test_unwatching(store, outbox, watched):
    watched.unwatch("boiler")
    append(store, "#")
    assert tracker(store, "a").step(NOW) == 0
    with pytest.raises(NotFound, match="is not watched; PUT its policy"):
        watched.unwatch("boiler")
    with pytest.raises(NotFound, match="is not watched"):
        watched.policy("boiler")


def test_unknown_streams_and_channels_are_refused(watched):
    for call in (watched.policy, watched.unwatch, lambda name: watched.watch(name, {})):
        with pytest.raises(NotFound, match="There is no stream 'pump'"):
            call("pump")
    with pytest.raises(BadParameter):
        watched.watch("boiler", {"recovery_points": 0})
    with pytest.raises(UnknownName, match="There is no channel 'mail'; there is: a, b"):
        watched.test("mail")


def test_a_test_message_is_sent_like_any_other(store, watched, outbox):
    message = watched.test("a")
    channel = Channel("a")
    Sender(outbox, channel).step(NOW)
    assert channel.accepted == [("firing", "test", message.key)]


@pytest.mark.parametrize("policy", [{}, {"min_points": 1, "recovery_points": 2}])
def test_replacing_a_policy_skips_no_pending_point(store, outbox, watched, policy):
    append(store, "....#")
    watched.watch("boiler", policy)
    tracker(store, "a").step(NOW)
    watched.watch("boiler", policy)
    append(store, "....")
    tracker(store, "a").step(NOW)
    assert [each.body["status"] for each in outbox.newest(10)] == ["resolved", "firing"]


@pytest.mark.parametrize("end", [Alerts.unwatch, Alerts.unwatch_if_watched])
def test_a_firing_event_is_resolved_when_its_policy_is_deleted(store, outbox, watched, end):
    append(store, "....#")
    tracker(store, "a").step(NOW)
    end(watched, "boiler")
    messages = outbox.newest(10)
    assert {each.body["status"] for each in messages} == {"resolved", "firing"}
    assert "No longer watched." in messages[0].body["summary"]
    assert len({each.body["event"] for each in messages}) == 1


def test_a_policy_for_a_stream_that_was_deleted_meanwhile(store, outbox):
    gone = make(store, "gone")
    store.delete(gone.id)
    assert not outbox.put(WatchedStream(gone.id, {}, 0, {}))
