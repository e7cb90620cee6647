"""The live page: anomalies as they happen, looking back, pausing, hiding, a service that goes and comes."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.access import focus_is_seen, tab_to
from tests.browser.steps import settle, until, window
from tests.browser.streams import START, STEP, open_live, shows
from tests.browser.test_page import DOTS

HIDE = """(hidden) => { Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange")); }"""


@pytest.fixture
def live(page, streams):
    open_live(page, "/live?refresh=100")
    return page


def newest(page):
    """The number of the newest point that the chart shows."""
    last = page.evaluate("() => { const { data } = Chart.getChart('canvas').data.datasets[0]; return data.at(-1).x; }")
    return round((last - START) / STEP)


def answered(page):
    """Until all that the page has asked for by now is answered."""
    page.evaluate("() => fetch('/api/v1/streams?limit=1').then((answer) => answer.text())")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_anomaly_is_red_when_it_happens(page, streams, scheme):
    page.emulate_media(color_scheme=scheme)
    open_live(page, "/live?refresh=100")
    expect(page.locator("#state")).to_contain_text("Normal")
    expect(page.locator("#no-events")).to_be_visible()
    streams.push(value=20.0, anomaly=True)
    shows(page, 200)
    (pixel,) = page.evaluate(DOTS)
    assert pixel[0] > 190
    assert pixel[1] < 110
    assert pixel[2] < 120
    expect(page.locator("#state")).to_contain_text("Anomalous")
    expect(page.locator("#events tbody tr")).to_have_count(1)
    expect(page.locator("#events")).to_contain_text("100 % above the expected 10, 5 times the distance allowed")
    expect(page.locator("#events")).to_contain_text("so far")
    streams.push(5)
    expect(page.locator("#state")).to_contain_text("Normal")
    expect(page.locator("#events")).not_to_contain_text("so far")
    expect(page).to_have_title("Normal · demo · Live")


def test_each_event_is_said_once(live, streams):
    live.evaluate(
        """() => { globalThis.said = []; const place = document.querySelector("#announce");
        new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true }); }"""
    )
    for _ in range(2):
        streams.push(3, value=20.0, anomaly=True)
        streams.push(10)
        shows(live, len(streams.points["demo"]) - 1)
    streams.push(1)
    shows(live, 226)
    said = live.evaluate("() => said.filter((words) => words.startsWith('Anomaly'))")
    assert len(said) == 2


def test_the_newest_numbers_are_told(live, streams):
    streams.push(judged_by="early_zscore")
    shows(live, 200)
    readings = live.locator("#readings")
    for words in ("10", "8 to 12", "Early zscore", "2026-01-05 00:00:20", "201"):
        expect(readings).to_contain_text(words)


@pytest.fixture
def timed(page, streams):
    """The live page, whose clock can be put forward."""
    page.clock.install()
    open_live(page, "/live?refresh=100")
    return page


def reads_in_a_minute(page, streams):
    answered(page)
    before = streams.reads
    page.clock.run_for(60_000)
    answered(page)
    return streams.reads - before


def test_paused_it_asks_nothing_and_resumed_it_catches_up(timed, streams):
    live = timed
    assert reads_in_a_minute(live, streams)
    live.get_by_role("button", name="Pause").click()
    streams.push(50)
    assert not reads_in_a_minute(live, streams)
    assert newest(live) == 199
    expect(live.locator("#mode")).to_contain_text("Paused")
    live.get_by_role("button", name="Resume").click()
    shows(live, 249)


def test_a_hidden_tab_asks_nothing_and_catches_up_when_seen_again(timed, streams):
    live = timed
    live.evaluate(HIDE, True)
    streams.push(2500)  # more than one answer holds
    assert not reads_in_a_minute(live, streams)
    live.evaluate(HIDE, False)
    shows(live, 2699)


def test_the_refresh_interval_can_be_changed(live, streams):
    for label, shortest, longest in (("2 s", 1.95, 10), ("100 ms", 0.05, 1.0)):
        live.get_by_label("Refresh every").select_option(label)
        assert pause(live, streams, longest) > shortest
    live.reload()
    expect(live.get_by_label("Refresh every")).to_have_value("100")


def pause(page, streams, longest):
    """Seconds between two looks, once it is less than the longest allowed. None is too short, however busy the machine:
    a look comes so long after an answer, and that is given after what it answers was noted."""
    answered(page)
    begun = streams.reads - 1
    until(page, lambda: min(np.diff(streams.read_at[begun:]), default=longest) < longest)
    return min(np.diff(streams.read_at[begun:]))


def test_at_first_it_asks_every_half_second(page, streams):
    open_live(page)
    assert pause(page, streams, 1.9) > 0.45


def test_a_service_that_goes_and_comes_needs_no_reload(live, streams):
    streams.down = True
    expect(live.locator("#service-problem")).to_contain_text("does not answer")
    streams.push(7)
    streams.down = False
    shows(live, 206)
    expect(live.locator("#service-problem")).to_be_hidden()


def test_looking_back_stays_until_back_to_now(live, streams):
    live.get_by_label("Points shown").select_option("100")
    live.get_by_role("button", name="Earlier").click()
    seen = window(live)
    streams.push(30)
    expect(live.locator("#readings")).to_contain_text("230")
    assert window(live) == seen
    expect(live.locator("#mode")).to_contain_text("Showing earlier points")
    live.get_by_role("button", name="Back to now").click()
    shows(live, 229)
    low, high = window(live)
    assert (high - low) / STEP == 99
    streams.push(1)
    shows(live, 230)


def test_the_chart_stands_still_under_the_pointer(live, streams):
    box = live.locator("#canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    whole = window(live)
    live.mouse.move(x - 100, y)
    live.mouse.down()
    live.mouse.move(x, y, steps=3)
    streams.push(50)
    expect(live.locator("#readings")).to_contain_text("250")
    assert window(live) == whole
    live.mouse.move(x + 100, y, steps=3)
    live.mouse.up()
    low, high = window(live)
    assert whole[0] < low < high < whole[1]
    expect(live.locator("#mode")).to_contain_text("Showing earlier points")
    live.locator("#plot").press("End")
    assert window(live)[1] == START + 249 * STEP


def test_history_is_read_when_looked_at(page, streams):
    streams.push(4000)
    open_live(page, "/live?refresh=100&points=100")
    expect(page.locator("#mode")).to_contain_text("the newest 2,000 points")
    plot = page.locator("#plot")
    plot.press("Home")
    expect(page.locator("#mode")).to_contain_text("the newest 4,000 points")
    low, high = window(page)
    assert low == START + 2200 * STEP  # what was looked at stays in place
    plot.press("Home")
    expect(page.locator("#mode")).to_contain_text("the newest 4,200 points")
    plot.press("Home")
    assert window(page)[0] == START
    page.get_by_role("button", name="Back to now").click()
    assert window(page)[1] == START + 4199 * STEP
    assert high - low == 99 * STEP


def test_a_wide_window_reads_the_history_it_shows(page, streams):
    streams.push(4000)
    open_live(page, "/live?points=10000")
    expect(page.locator("#mode")).to_contain_text("the newest 4,200 points")
    assert window(page) == [START, START + 4199 * STEP]


def test_an_event_leads_to_its_place_and_stays_there(live, streams):
    streams.push(2, value=1.0, anomaly=True)
    streams.push(150)
    shows(live, 351)
    live.get_by_role("button", name="Show the event at 2026-01-05 00:00:20").click()
    low, high = window(live)
    assert low < START + 200 * STEP < high
    expect(live.locator("#events tr.chosen")).to_have_count(1)
    streams.push(3)
    expect(live.locator("#readings")).to_contain_text("355")
    assert window(live) == [low, high]


def test_an_event_that_goes_on_stays_in_view_too(live, streams):
    streams.push(2, value=1.0, anomaly=True)
    shows(live, 201)
    live.get_by_role("button", name="Show the event at 2026-01-05 00:00:20").click()
    seen = window(live)
    assert seen[1] == START + 201 * STEP
    streams.push(30)
    expect(live.locator("#readings")).to_contain_text("232")
    assert window(live) == seen


def test_the_keyboard_does_everything(live, streams):
    streams.push(2, value=1.0, anomaly=True)
    streams.push(100)
    shows(live, 301)
    tab_to(live, "#stream")
    tab_to(live, "#refresh")
    tab_to(live, "#param-threshold")
    live.keyboard.press("ControlOrMeta+a")
    live.keyboard.type("6")
    live.keyboard.press("Enter")
    expect(live.get_by_role("status")).to_contain_text("in effect")
    tab_to(live, "#plot")
    assert focus_is_seen(live)
    live.keyboard.press("Space")
    expect(live.get_by_role("button", name="Resume")).to_be_visible()
    live.keyboard.press("Space")
    live.keyboard.press("n")
    expect(live.get_by_role("status")).to_contain_text("In view: 1 is")
    live.keyboard.press("End")
    streams.push(1)
    shows(live, 302)
    tab_to(live, "#events .locator")
    live.keyboard.press("Enter")
    streams.push(4, value=1.0, anomaly=True)  # a new row above does not take the focus away
    expect(live.locator("#events tbody tr")).to_have_count(2)
    expect(live.locator("#events .locator").last).to_be_focused()


def test_the_window_as_a_table_stands_still_until_one_looks_back(live, streams):
    streams.push(value=20.0, anomaly=True)
    shows(live, 200)
    live.get_by_text("Data in view as a table").click()
    table = live.locator("#points")
    expect(table).to_contain_text("Points 1 to 100 of 201")
    table.get_by_role("button", name="Next rows").focus()
    streams.push(4)
    shows(live, 204)
    expect(table.get_by_role("button", name="Next rows")).to_be_focused()
    live.locator("#plot").press("p")
    row = table.get_by_role("row").filter(has=live.get_by_role("rowheader", name="2026-01-05 00:00:20", exact=True))
    expect(row).to_contain_text("anomaly")


def test_settings_change_while_it_runs(live, streams):
    live.get_by_label("Threshold").fill("5")
    expect(live.locator("#apply-hint")).to_contain_text("not in effect yet")
    streams.push(5)
    told = streams.told
    until(live, lambda: streams.told > told + 1)  # asked for meanwhile, the settings in effect do not undo the edit
    answered(live)
    expect(live.get_by_label("Threshold")).to_have_value("5")
    live.get_by_role("button", name="Apply").click()
    expect(live.locator("#apply-hint")).to_contain_text("In effect")
    assert streams.put[-1]["params"]["threshold"] == 5
    live.get_by_label("Detector", exact=True).select_option("seasonal_naive")
    live.get_by_role("button", name="Apply").click()
    expect(live.locator("#apply-hint")).to_contain_text("In effect")
    assert streams.put[-1]["detector"] == "seasonal_naive"
    live.get_by_label("Detector", exact=True).select_option("lstm")
    live.get_by_role("button", name="Undo").click()
    expect(live.get_by_label("Detector", exact=True)).to_have_value("seasonal_naive")


def test_settings_that_others_change_are_shown(live, streams):
    streams.infos["demo"]["params"] = {"window": 60, "threshold": 9, "merge_gap": 2}
    expect(live.get_by_label("Threshold")).to_have_value("9")


def test_a_bad_parameter_is_told_beside_its_field(live, streams):
    live.get_by_label("Threshold").fill("-1")
    live.get_by_role("button", name="Apply").click()
    expect(live.locator("#param-threshold-error")).to_contain_text("must lie from")
    assert streams.put == []


def test_another_stream_is_chosen_and_kept_in_the_address(live, streams):
    streams.push(20, name="boiler/1", value=70.0)
    live.get_by_label("Name", exact=True).select_option("boiler/1")
    expect(live.locator("#readings")).to_contain_text("70.4")
    expect(live.locator("#stream-name")).to_have_text("boiler/1")
    live.reload()
    expect(live.locator("#readings")).to_contain_text("70.4")
    assert any("boiler%2F1/points" in path for _, _, path, _ in streams.asked)


def test_a_stream_without_points_waits_for_the_first(page, streams):
    page.goto("/live?stream=boiler/1&refresh=100")
    expect(page.locator("#waiting")).to_be_visible()
    expect(page.locator("#chart-card")).to_be_hidden()
    streams.push(name="boiler/1")
    expect(page.locator("#chart-card")).to_be_visible()
    expect(page.locator("#waiting")).to_be_hidden()


def test_a_long_stream_draws_few_points(page, streams):
    streams.push(9000)
    open_live(page, "/live?points=50000")
    page.evaluate(HIDE, True)
    streams.push(5000)
    page.evaluate(HIDE, False)
    expect(page.locator("#readings")).to_contain_text("14,200")
    settle(page)
    drawn = page.evaluate("() => Chart.getChart('canvas').data.datasets.map(({ data }) => data.length)")
    assert 0 < max(drawn) <= 2000


def heap(page):
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")
    session.detach()
    return used["usedSize"] + used.get("backingStorageSize", 0)


def test_the_memory_of_the_tab_is_flat(page, streams):
    open_live(page, "/live?refresh=100")
    used = []
    for _ in range(5):
        if len(used) > 2 and used[-1] - used[-2] < 1_000_000:
            break  # what leaks does so each time
        for _ in range(4):  # 30,400 points, with an event each 400: in three rounds more than are kept
            for _ in range(19):  # the last answer is not a full one, so that the page knows that it has caught up
                streams.push(395)
                streams.push(5, value=20.0, anomaly=True)
            shows(page, len(streams.points["demo"]) - 1)
        used.append(heap(page))
    expect(page.locator("#mode")).to_contain_text("the newest 50,000 points")
    assert used[-1] - used[-2] < 1_000_000


def test_each_page_leads_to_the_others(page, streams):
    page.goto("/")
    page.get_by_role("link", name="Live").click()
    expect(page).to_have_url(re.compile(r"/live"))
    expect(page.locator("#chart-card")).to_be_visible()
    page.get_by_role("link", name="File").click()
    expect(page.get_by_role("button", name="Upload CSV File")).to_be_visible()
