"""What a person does on the page, and what the page then shows, for the tests to read like a story."""

import json
import time

from playwright.sync_api import expect

SPIKE = 40
SECONDS = 90.0  # until something must have happened


def csv_of(values, header="time,value"):
    rows = [f"2026-03-{1 + i // 24:02}T{i % 24:02}:00:00Z,{value}" for i, value in enumerate(values)]
    return "\n".join([header, *rows, ""]).encode()


def daily(points=240):
    """A daily sawtooth with one spike, at position SPIKE * 4."""
    values = [10 + i % 24 + (i * 7 % 5) / 10 for i in range(points)]
    values[SPIKE * 4] = 400
    return values


def open_page(page):
    page.goto("/")
    expect(page.locator("#demo-kind")).to_be_enabled()


def upload(page, name, data, mime="text/csv"):
    """As the button does, without the browser's own window; test_access.py proves that the button asks for it."""
    page.locator("#file").set_input_files({"name": name, "mimeType": mime, "buffer": data})


def upload_read(page, name, data):
    upload(page, name, data)
    expect(page.locator("#facts")).to_contain_text(name)
    read(page)


def load_demo(page, kind="seasonal"):
    page.get_by_label("Kind of demo").select_option(kind)
    page.get_by_role("button", name="Load Demo Data").click()
    expect(page.locator("#facts")).to_contain_text(kind)
    read(page)


def read(page):
    """Until all is told of the data: what is told last moves what stands below."""
    expect(page.locator("#facts [data-fact=missing]")).to_be_visible()


def choose_detector(page, name="rolling_zscore"):
    page.get_by_label("Detector", exact=True).select_option(name)


def detect(page):
    page.get_by_role("button", name="Detect Anomalies").click()
    expect(page.locator("#result")).to_be_visible()
    expect(page.locator("body[aria-busy]")).to_have_count(0)


def window(page):
    """(from, to) of the chart, once it is drawn."""
    settle(page)
    return page.evaluate("() => { const { x } = Chart.getChart('canvas').scales; return [x.min, x.max]; }")


def settle(page):
    """Until the points asked for are there and drawn."""
    page.wait_for_function("() => Chart.getChart('canvas')")
    two_frames(page)  # in which what was just asked for begins to be fetched
    expect(page.locator(".plot:is(.waiting, .fetching)")).to_have_count(0)
    two_frames(page)


def two_frames(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def until(page, happened):
    """Waits for what happens on this side, while the page's requests are answered here."""
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        page.wait_for_timeout(20)


def drop_file(page, name, text):
    transfer = page.evaluate_handle(
        f"""() => {{ const held = new DataTransfer();
        held.items.add(new File([{json.dumps(text)}], {json.dumps(name)}, {{ type: "text/csv" }})); return held; }}"""
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("body", kind, {"dataTransfer": transfer})
        if kind == "dragover":
            expect(page.locator("#drop")).to_be_visible()
    expect(page.locator("#drop")).to_be_hidden()
