"""Takes the pictures of the page's main states in the README: `python -m tests.browser.screenshots`."""

import math
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import FLAGS, NAMES
from tests.browser.steps import choose_detector, csv_of, detect, load_demo, open_page, settle, upload
from tests.serving import serving

PICTURES = Path(__file__).parents[2] / "docs" / "images"
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def plant(hours=24 * 28):
    """Load, temperature and flow of an invented plant, each with a fault or two."""
    rows = []
    for hour in range(hours):
        day = math.sin(hour / 24 * 2 * math.pi)
        wobble = (hour * 7919 % 101) / 101 - 0.5
        load = 40 + 15 * day + 4 * wobble + (30 if hour in (310, 311) else 0)
        temperature = 21 + 3 * day + wobble - (9 if 500 <= hour < 506 else 0)
        rows.append(f"{load:.2f},{temperature:.2f},{12 + 2 * wobble + (8 if hour == 150 else 0):.2f}")
    return csv_of(rows, "time,load,temperature,flow")


def first_visit(page):
    open_page(page)


def columns(page):
    open_page(page)
    upload(page, "plant.csv", plant())
    expect(page.locator(".thumbnail")).to_have_count(3)
    choose_detector(page, "seasonal_naive")
    page.get_by_role("button", name="Detect in all columns").click()
    for chart in page.locator(".thumbnail").all():
        expect(chart).to_contain_text("event")
    expect(page.locator("#busy")).to_be_hidden()
    page.evaluate("scrollTo(0, 0)")


def events(page):
    open_page(page)
    load_demo(page)
    detect(page)
    settle(page)
    page.locator("#result-card").evaluate("(card) => card.scrollIntoView()")


def taught(page):
    events(page)
    page.locator(".label-anomaly").first.click()
    page.get_by_role("button", name="Retrain without labelled anomalies").click()
    expect(page.locator("#retrain-result")).to_be_visible(timeout=60_000)
    expect(page.locator("#precision-recall")).to_be_visible()
    page.locator("#labels-card").evaluate("(card) => card.scrollIntoView()")


STATES = {
    "1-first-visit": (first_visit, DESK, "light"),
    "2-columns": (columns, DESK, "light"),
    "3-events": (events, DESK, "dark"),
    "4-labels": (taught, DESK, "light"),
    "5-phone": (events, PHONE, "dark"),
}


def main():
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(folder) as url, sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, NAMES)), None)
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        expect.set_options(timeout=180_000)  # the first detection waits for its worker to start
        for name, (state, size, scheme) in STATES.items():
            page = browser.new_page(base_url=url, viewport=size, color_scheme=scheme, reduced_motion="reduce")
            page.set_default_timeout(180_000)
            state(page)
            if page.locator("#canvas").is_visible():
                settle(page)
            page.screenshot(path=PICTURES / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
