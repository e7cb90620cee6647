"""The live page beyond the newest points: far back in history, messages, new streams, history from a file."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.access import for_everyone
from tests.browser.steps import drop_file, settle, window
from tests.browser.streams import START, STEP, Streams, open_live, shows

EVENT = 3000  # the position of an event far back


def happening(kind, start, **facts):
    told = {"id": f"{kind}-{start}", "kind": kind, "open": False, "start": start, "stop": start + 3, "peak": start}
    times = {"start_time": START + (start - 1) * STEP, "stop_time": START + (start + 1) * STEP, "peak_time": None}
    rest = {"direction": None, "severity": None, "value": None, "expected": None, "anomalies": 3}
    return {**told, **times, **rest, "seconds": 0.2, "explanation": "Why.", **facts}


@pytest.fixture
def streams(page):
    made = Streams(page)
    made.push(EVENT)
    made.push(3, value=20.0, anomaly=True)
    made.push(3000)
    silence = {"open": True, "stop_time": None, "seconds": None, "explanation": "Nothing came for 12 s."}
    made.events = [happening("silence", 6003, **silence), happening("anomaly", EVENT + 1, severity=5.0)]
    return made


@pytest.fixture
def live(page, streams):
    open_live(page, "/live?refresh=100")
    expect(page.locator("#history-card")).to_be_visible()
    return page


def test_how_sure_the_verdict_is_stands_beside_who_gave_it(live):
    expect(live.locator("#readings")).to_contain_text("Rolling z-score, 90 % confidence")


def test_silences_and_earlier_events_are_listed(live):
    rows = live.locator("#event-history tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Silence")
    expect(rows.first).to_contain_text("so far")
    expect(rows.last).to_contain_text("Anomaly")
    expect(rows.last).to_contain_text("3 anomalies, 200 ms")


def test_a_silence_has_one_length(page, streams):
    over = {"seconds": 36.412, "explanation": "Nothing came. It lasted 36.4 seconds."}
    streams.events = [happening("silence", 6003, stop_time=START + 6002 * STEP + 42_450, **over)]
    open_live(page, "/live?refresh=100")
    expect(page.locator("#event-history tbody td").nth(2)).to_have_text("36 s 400 ms")


def test_an_event_far_back_is_shown_and_the_past_read_on(live, streams):
    live.get_by_role("button", name="Show the anomaly at 2026-01-05 00:05 in the chart").press("Enter")
    expect(live.locator("#mode")).to_contain_text("Showing history")
    low, high = window(live)
    assert low < START + EVENT * STEP < high
    dots = live.evaluate("() => Chart.getChart('canvas').data.datasets[1].data.length")
    assert dots == 3
    streams.push(5)
    expect(live.locator("#readings")).to_contain_text("6,008")  # the newest goes on beside it
    assert window(live) == [low, high]
    live.locator("#plot").press("0")
    live.wait_for_function("(at) => Chart.getChart('canvas').scales.x.min < at", arg=START + (EVENT - 900) * STEP)
    live.locator("#plot").press("Home")
    live.locator("#plot").press("PageUp")
    live.wait_for_function("(at) => Chart.getChart('canvas').scales.x.min < at", arg=START + (EVENT - 1100) * STEP)
    live.get_by_role("button", name="Back to now").click()
    shows(live, 6007)
    expect(live.locator("#mode")).to_contain_text("Live")


def test_late_points_stand_in_their_place(live, streams):
    kept = streams.points["demo"]
    late = [START + 5990 * STEP + 50, 33.0, 10.0, 8.0, 12.0, 9.0, True, "rolling_zscore", 0.9]
    kept.append(late)
    live.wait_for_function(
        "(at) => Chart.getChart('canvas').data.datasets[1].data.some(({ x, y }) => x === at && y === 33)", arg=late[0]
    )
    shows(live, 6002)


def test_a_service_that_goes_away_is_not_told_as_normal(live, streams):
    streams.down = True
    expect(live.locator("#state strong")).to_have_text("Unknown")
    expect(live.locator("#mode")).to_contain_text("Not live: no answer since")
    assert live.title().startswith("Not live since")
    streams.down = False
    expect(live.locator("#state strong")).to_have_text("Normal")
    expect(live).to_have_title("Normal · demo · Live")


def test_a_service_that_is_away_at_first_is_asked_again(page, streams):
    streams.down = True
    page.goto("/live?refresh=100")
    expect(page.locator("#service-problem")).to_contain_text("Retrying")
    streams.down = False
    expect(page.locator("#chart-card")).to_be_visible()
    expect(page.locator("#service-problem")).to_be_hidden()


def test_a_policy_is_tried_and_switched_on_and_off(live, streams):
    notice = {"status": "firing", "start": EVENT + 1, "start_time": START + EVENT * STEP}
    streams.replayed = {"message": "Over the last 6003 points this would have sent 2 messages.", "notices": [notice]}
    live.get_by_text("Alerts", exact=True).click()
    live.get_by_label("Min points").fill("3")
    live.get_by_role("button", name="Replay").click()
    expect(live.locator("#replay-result")).to_contain_text("6,003 points this would have sent 2 messages")
    live.locator("#replay-result button").click()
    expect(live.locator("#mode")).to_contain_text("Showing history")
    live.get_by_role("button", name="Switch on").click()
    expect(live.locator("#alerts-state")).to_have_text("on")
    policy = streams.policies["demo"]
    assert (policy["min_points"], policy["direction"], policy["silent"]) == (3, "both", True)
    live.get_by_label("Direction").select_option("above")
    live.get_by_role("button", name="Change").click()
    expect(live.get_by_role("button", name="Change")).to_be_disabled()
    assert streams.policies["demo"]["direction"] == "above"
    live.reload()
    expect(live.locator("#alerts-state")).to_have_text("on")
    live.get_by_text("Alerts", exact=True).click()
    live.get_by_role("button", name="Switch off").click()
    expect(live.locator("#alerts-state")).to_have_text("off")
    assert streams.policies == {}


def test_a_bad_policy_is_told_beside_its_field(live, streams):
    live.get_by_text("Alerts", exact=True).click()
    live.get_by_label("Min points").fill("0")
    live.get_by_role("button", name="Switch on").click()
    expect(live.locator("#policy-min_points-error")).to_contain_text("must lie from 1")
    assert streams.policies == {}


def test_channels_are_tested_and_what_became_of_it_is_told(live):
    message = {"id": "x", "channel": "webhook", "stream": "test", "status": "firing", "summary": "This is a test."}
    message |= {"kind": "anomaly", "state": "waiting", "made": START, "attempts": 2, "error": "answered 500: no room"}
    tested = []

    def answer(route):
        if route.request.method == "POST":
            tested.append(json.loads(route.request.post_data))
            route.fulfill(json=message)
        else:
            route.fulfill(json={"channels": ["webhook"], "messages": [message] if tested else [], "policy_params": []})

    live.route("**/api/v1/alerts*", answer)
    live.route("**/api/v1/alerts/test", answer)
    live.get_by_text("Alerts", exact=True).click()
    live.get_by_role("button", name="Test webhook").click()
    expect(live.locator("#messages")).to_contain_text("waiting, tried 2 times: answered 500: no room")
    assert tested == [{"channel": "webhook"}]
    message |= {"state": "sent", "error": None}
    expect(live.locator("#messages strong")).to_have_text("sent")


def test_everyone_can_use_what_is_folded(live, streams):
    live.get_by_text("Alerts", exact=True).click()
    live.get_by_text("New stream").click()
    live.get_by_role("button", name="Create stream").click()
    expect(live.locator("#create-name-error")).to_be_visible()
    settle(live)
    for_everyone(live)


def test_a_dropped_file_waits_to_be_loaded(live):
    drop_file(live, "boiler.csv", "time,value\n2026-01-01,1\n")
    expect(live.get_by_label("Name of the stream")).to_have_value("boiler")
    expect(live.get_by_role("button", name="Load into stream")).to_be_focused()
    live.get_by_label("Name of the stream").fill("demo")
    live.keyboard.press("Enter")
    expect(live.locator("#create-name-error")).to_contain_text("generates its own points")


def test_what_the_stream_forgets_is_not_held_on(live, streams):
    expect(live.locator("#mode")).to_contain_text("the newest 2,000 points")
    streams.infos["demo"]["points"] = 293
    expect(live.locator("#mode")).to_contain_text("the newest 293 points")
    streams.infos["demo"]["points"] = 0
    expect(live.locator("#waiting")).to_be_visible()
    streams.push(4)
    streams.infos["demo"]["points"] = 4
    expect(live.locator("#mode")).to_contain_text("the newest 4 points")
    expect(live.locator("#window")).to_contain_text("UTC")
