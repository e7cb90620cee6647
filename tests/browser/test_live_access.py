"""The live page in each of its states: for everyone, and without anything that jumps."""

import pytest
from playwright.sync_api import expect

from tests.browser.access import for_everyone
from tests.browser.steps import two_frames, until
from tests.browser.streams import open_live


def calm(page, streams):
    open_live(page)


def eventful(page, streams):
    streams.push(3, value=20.0, anomaly=True)
    open_live(page)
    expect(page.locator("#state")).to_contain_text("Anomalous")
    if page.viewport_size["width"] < 961:
        page.get_by_text("Detection settings").click()
    page.get_by_text("Data in view as a table").click()
    page.locator("#params").get_by_text("More settings").click()
    page.get_by_role("button", name="Earlier").click()
    page.get_by_label("Threshold").fill("-1")


def warming(page, streams):
    streams.infos["demo"]["state"] = "warming_up"
    open_live(page)
    expect(page.locator("#state")).to_contain_text("Warming up")


def silent(page, streams):
    streams.infos["demo"]["state"] = "silent"
    open_live(page)
    expect(page.locator("#state")).to_contain_text("Silent")


def away(page, streams):
    open_live(page)
    streams.down = True
    expect(page.locator("#service-problem")).to_be_visible()


def labelled(page, streams):
    streams.push(3, value=20.0, anomaly=True)
    streams.push(10)
    open_live(page)
    page.locator("#events .locator").first.click()
    expect(page.get_by_role("group", name="Label of this event")).to_be_visible()


def deleting(page, streams):
    streams.push(5, name="boiler/1")
    open_live(page, "/live?stream=boiler/1")
    page.get_by_role("button", name="Delete this stream…").click()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_visible()


STATES = [calm, eventful, warming, silent, away, labelled, deleting]
state = pytest.mark.parametrize("state", STATES, ids=[each.__name__ for each in STATES])


@state
@pytest.mark.parametrize("width", [1280, 390])
def test_everyone_can_use_it(page, streams, state, width):
    page.set_viewport_size({"width": width, "height": 800})
    state(page, streams)
    for_everyone(page)


SHIFTS = """() => { globalThis.shifts = [];
  const take = (list) => list.forEach(({ value, hadRecentInput, sources }) =>
    hadRecentInput || shifts.push([value, ...sources.map(({ node }) => node?.id || node?.className)]));
  const seen = new PerformanceObserver((list) => take(list.getEntries()));
  seen.observe({ type: "layout-shift", buffered: true });
  globalThis.shiftsNow = () => { take(seen.takeRecords()); return shifts; }; }"""


@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_said_of_an_event_moves_nothing_when_it_comes_late(page, streams, width):
    page.set_viewport_size({"width": width, "height": 800})
    streams.push(3, value=20.0, anomaly=True)
    streams.push(10)
    open_live(page)
    page.evaluate("globalThis.scrollTo(0, document.querySelector('#plot').getBoundingClientRect().top)")
    held = []
    page.route("**/labels?times=ms", lambda route: held.append(route))
    page.locator("#plot").press("n")
    pressed = page.evaluate("performance.now()")
    until(page, lambda: held)
    page.wait_for_function("(at) => performance.now() > at + 600", arg=pressed)  # what moves sooner is no surprise
    page.evaluate(SHIFTS)
    two_frames(page)
    before = page.evaluate("shiftsNow().length")
    for route in held:
        streams.json(route, {"labels": []})
    expect(page.get_by_role("group", name="Label of this event")).to_be_visible()
    for _ in range(3):
        two_frames(page)
    assert page.evaluate("shiftsNow()")[before:] == []
