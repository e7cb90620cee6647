"""The live page before the real service: the demo stream, pushed points, a restart."""

import json
import time
import urllib.request
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.steps import settle
from tests.browser.test_page import DOTS
from tests.serving import serving

pytestmark = pytest.mark.xdist_group("live service")  # which one worker alone has to start


class Service:
    """The real server, which can be stopped and started again at the same address, with the same data."""

    def __init__(self, folder):
        self.folder, self.port, self.running = folder, 0, ExitStack()
        self.last = 0  # ms, of the newest point pushed
        self.start()

    def start(self):
        self.url = self.running.enter_context(serving(self.folder, port=self.port))
        self.port = urlsplit(self.url).port

    def stop(self):
        self.running.close()

    def ask(self, method, path, body):
        headers = {"Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def push(self, name, values):
        """Points that end now, one each 10 ms, newer than all before."""
        while (now := int(time.time() * 1000)) <= self.last + 10 * len(values):
            time.sleep(0.001)
        self.last = now
        times = [now - 10 * (len(values) - 1 - k) for k in range(len(values))]
        return self.ask("POST", f"/api/v1/streams/{name}/points", {"times": times, "values": values})


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    made = Service(tmp_path_factory.mktemp("live"))
    yield made
    made.stop()


@pytest.fixture
def host(service):
    return urlsplit(service.url).netloc


def stream(service, name):
    """A stream judged by its rolling z-score, with points enough for it."""
    params = {"window": 30, "threshold": 6}
    service.ask("PUT", f"/api/v1/streams/{name}", {"detector": "rolling_zscore", "params": params})
    service.last = 0
    service.push(name, [50 + k % 7 for k in range(300)])


def red(page):
    """The colours of the anomalies drawn."""
    settle(page)
    return [pixel for pixel in page.evaluate(DOTS) if pixel[0] > 190 and pixel[1] < 110 and pixel[2] < 120]


def test_the_demo_stream_is_there_without_set_up(page, service):
    page.goto(service.url + "/live")
    expect(page.locator("#readings")).to_contain_text("LSTM forecast")
    expect(page.locator("#state strong")).to_have_text("Normal")
    number = page.locator("#readings dd").first
    before = number.inner_text()
    expect(number).not_to_have_text(before)
    drawn = page.evaluate("() => Chart.getChart('canvas').data.datasets.map(({ data }) => data.length)")
    assert drawn[0] >= 600
    assert drawn[2] >= 600


def test_a_pushed_spike_is_red_at_once(page, service):
    stream(service, "boiler")
    page.goto(service.url + "/live?stream=boiler&refresh=100")
    expect(page.locator("#readings")).to_contain_text("300")
    assert red(page) == []
    service.push("boiler", [400])
    expect(page.locator("#events tbody tr")).to_have_count(1)
    assert len(red(page)) == 1
    expect(page.locator("#events")).to_contain_text("400 is")


def test_any_name_is_watched(page, service):
    stream(service, "hall%2F1.temp%7Bplace%3Da%20%C3%A9%7D")
    page.goto(service.url + "/live")
    page.get_by_label("Name", exact=True).select_option("hall/1.temp{place=a é}")
    expect(page.locator("#readings")).to_contain_text("300")


def test_a_restart_needs_no_reload_and_loses_nothing(page, service):
    stream(service, "pump")
    page.goto(service.url + "/live?stream=pump&refresh=100")
    expect(page.locator("#readings")).to_contain_text("300")
    page.evaluate("() => { globalThis.mark = 1; }")
    service.stop()
    expect(page.locator("#service-problem")).to_contain_text("does not answer")
    service.start()
    expect(page.locator("#service-problem")).to_be_hidden()
    service.push("pump", [50, 51, 400])
    expect(page.locator("#readings")).to_contain_text("303")
    expect(page.locator("#mode")).to_contain_text("the newest 303 points")
    expect(page.locator("#events tbody tr")).to_have_count(1)
    assert page.evaluate("() => globalThis.mark") == 1


def test_another_detector_judges_the_next_point(page, service):
    stream(service, "fan")
    page.goto(service.url + "/live?stream=fan&refresh=100")
    expect(page.locator("#readings")).to_contain_text("300")
    service.push("fan", [50])
    expect(page.locator("#readings")).to_contain_text("Rolling z-score")
    page.get_by_label("Detector", exact=True).select_option("robust_zscore")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#apply-hint")).to_contain_text("In effect")
    service.push("fan", [50])
    expect(page.locator("#readings")).to_contain_text("Robust z-score")
    page.get_by_label("Detector", exact=True).select_option("rolling_zscore")
    page.get_by_label("Threshold").fill("1000")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#apply-hint")).to_contain_text("In effect")
    service.push("fan", [51, 300])
    expect(page.locator("#readings")).to_contain_text("304")
    expect(page.locator("#events tbody tr")).to_have_count(0)


def test_how_long_points_are_kept_is_set_on_the_page(page, service):
    stream(service, "attic")
    page.goto(service.url + "/live?stream=attic&refresh=100")
    days = page.get_by_label("Delete points older than")
    expect(page.locator("#retention-days-hint")).to_contain_text("deleted permanently")
    expect(days).to_have_value("")
    days.fill("0")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#retention-days-error")).to_contain_text("Days must lie")
    expect(days).to_be_focused()
    days.fill("2.5")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#apply-hint")).to_contain_text("In effect")
    assert service.ask("GET", "/api/v1/streams/attic", None)["retention_days"] == 2.5
    days.fill("")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#apply-hint")).to_contain_text("In effect")
    assert service.ask("GET", "/api/v1/streams/attic", None)["retention_days"] is None
    page.goto(service.url + "/live?stream=demo&refresh=100")
    expect(page.locator("#retention-days-hint")).to_contain_text("with times")
    expect(days).to_be_disabled()


def test_a_stream_is_made_with_its_history_and_watched(page, service):
    rows = [f"{1 + k % 28:02}/{1 + k // 28:02}/2026,{20 + k % 5}" for k in range(12)]
    page.goto(service.url + "/live")
    page.get_by_text("New stream").click()
    page.get_by_label("Name of the stream").fill("cellar / 1")
    data = "\n".join(["when,celsius", *rows, ""]).encode()
    page.locator("#create-file").set_input_files({"name": "h.csv", "mimeType": "text/csv", "buffer": data})
    page.get_by_role("button", name="Load into stream").click()
    page.get_by_role("button", name="Day first").click()  # the service asks back
    expect(page.locator("#create-status")).to_contain_text("12 points of h.csv loaded")
    expect(page.locator("#stream-name")).to_have_text("cellar / 1")
    expect(page.locator("#readings")).to_contain_text("2026-01-12")
    page.get_by_text("Alerts", exact=True).click()
    page.get_by_role("button", name="Replay").click()
    expect(page.locator("#replay-result")).to_contain_text("this would have sent no message")
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator("#alerts-state")).to_have_text("on")
    assert service.ask("GET", "/api/v1/streams/cellar%20%2F%201/policy", None)["min_points"] == 1
    page.get_by_label("Name", exact=True).select_option("demo")
    expect(page.locator("#alerts-state")).to_have_text("off")
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator("#alerts-problem")).to_contain_text("cannot be watched")


def test_what_a_person_says_of_an_event_is_kept(page, service):
    stream(service, "mill")
    service.push("mill", [400])
    page.goto(service.url + "/live?stream=mill&refresh=100")
    page.locator("#events .locator").first.click()
    wrong = page.get_by_role("button", name="No, false alarm")
    wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "true")
    [label] = service.ask("GET", "/api/v1/streams/mill/labels?times=ms", None)["labels"]
    newest = service.ask("GET", "/api/v1/streams/mill/points?limit=1&times=ms", None)["times"][0]
    assert (label["start"], label["stop"], label["kind"]) == (newest, newest + 1, "normal")
    wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "false")
    assert service.ask("GET", "/api/v1/streams/mill/labels", None)["labels"] == []


def test_nothing_at_all_is_written_to_the_console(page, service):
    stream(service, "lathe")
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("response", lambda answer: said.append(answer.url) if answer.status >= 400 else None)
    for name in ("demo", "lathe"):
        page.goto(f"{service.url}/live?stream={name}&refresh=100")
        expect(page.locator("#chart-card")).to_be_visible()
        expect(page.locator("#policy input").first).to_be_attached()
        page.get_by_text("Alerts", exact=True).click()
        expect(page.locator("#channels")).to_contain_text("No channel is configured")
    assert said == []


def test_a_stream_is_deleted_once_a_person_has_said_so_twice(page, service):
    stream(service, "press")
    page.goto(service.url + "/live?stream=press&refresh=100")
    expect(page.locator("#readings")).to_contain_text("300")
    page.get_by_role("button", name="Delete this stream…").press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    expect(page.locator("#delete-question")).to_contain_text("Delete press with its 300 points")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delete this stream…")).to_be_focused()
    assert service.ask("GET", "/api/v1/streams/press", None)["points"] == 300
    page.get_by_role("button", name="Delete this stream…").click()
    page.evaluate(
        """() => { globalThis.said = []; const place = document.getElementById("announce");
        new MutationObserver(() => globalThis.said.push(place.textContent)).observe(place, { childList: true }); }"""
    )
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#stream-name")).to_have_text("demo")
    page.wait_for_function("() => globalThis.said.includes('press is deleted.')")
    expect(page.get_by_role("button", name="Delete this stream…")).to_be_hidden()  # the demo stays
    expect(page.locator("#stream")).to_be_focused()
    assert "press" not in [each["name"] for each in service.ask("GET", "/api/v1/streams", None)["streams"]]
    expect(page.locator("#stream option", has_text="press")).to_have_count(0)


def test_a_stream_made_empty_on_the_page_shows_the_times_of_its_points(page, service):
    page.goto(service.url + "/live?refresh=100")
    page.get_by_text("New stream").click()
    page.get_by_label("Name of the stream").fill("well")
    page.get_by_role("button", name="Create stream").click()
    expect(page.locator("#stream-name")).to_have_text("well")
    expect(page.locator("#waiting")).to_be_visible()
    service.last = 0
    service.push("well", [50 + k % 7 for k in range(700)])
    expect(page.locator("#mode")).to_contain_text("the newest 700 points")
    for k in range(3):
        service.push("well", [80 + k])
        expect(page.locator("#readings dd").first).to_have_text(str(80 + k))
    expect(page.locator("#window")).to_contain_text("UTC")
    expect(page.locator("#readings")).to_contain_text("UTC")
    expect(page.locator("#mode")).to_contain_text("the newest 703 points")
