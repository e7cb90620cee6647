"""For everyone: no violation that axe knows, everything by keyboard, no sideways scrolling, a strict policy."""

import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.access import fits, focus_is_seen, for_everyone, tab_to
from tests.browser.steps import choose_detector, csv_of, daily, detect, load_demo, open_page, upload


def empty(page):
    open_page(page)


def loaded(page):
    open_page(page)
    load_demo(page)


def detected(page):
    loaded(page)
    choose_detector(page, "seasonal_naive")
    detect(page)
    for summary in ("Data in view as a table", "From the command line", "More settings"):
        page.get_by_text(summary).click()


def refused(page):
    open_page(page)
    upload(page, "dates.csv", b"date,value\n01/02/2026,1\n04/02/2026,2\n05/03/2026,3\n07/03/2026,3\n")
    expect(page.locator("#data-problem")).to_be_visible()


def out_of_bounds(page):
    loaded(page)
    page.get_by_label("Sigma").fill("-1")


def working(page):
    loaded(page)
    page.route("**/api/v1/series/*/detections*", lambda route: None)
    page.get_by_role("button", name="Detect Anomalies").click()
    expect(page.locator("#busy")).to_be_visible()


def tuned(page):
    """Every card open, something marked, two detectors compared."""
    detected(page)
    for summary in ("What counts as an event", "Compare with another detector", "Recent data"):
        page.get_by_text(summary).click()
    page.get_by_text("Label an interval", exact=True).click()
    page.locator(".label-anomaly").first.click()
    page.locator("#compare").select_option("rolling_zscore")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#compare-result")).to_be_visible()
    expect(page.locator("#precision-recall")).to_be_visible()


def pasting(page):
    open_page(page)
    page.get_by_role("button", name="Paste text").click()


def columns(page):
    open_page(page)
    rows = [f"{value},{index % 7}" for index, value in enumerate(daily())]
    upload(page, "two.csv", csv_of(rows, "time,load,calm"))
    expect(page.locator(".thumbnail")).to_have_count(2)
    page.get_by_text("Fix the import").click()


def gone(page):
    page.route("**/api/v1/detectors", lambda route: route.abort())
    page.goto("/")
    expect(page.locator("#service-problem")).to_be_visible()


def docs(page):
    page.goto("/docs")
    article = page.locator("#v1_detect")
    expect(article).to_be_visible()
    for summary in article.locator("> details > summary").all():
        summary.click()
    article.get_by_role("button", name="Send").click()
    expect(article.locator(".status")).to_contain_text("Status 200")
    page.locator("#schema-Detection > summary").click()


STATES = [empty, loaded, detected, tuned, pasting, columns, refused, out_of_bounds, working, gone, docs]
state = pytest.mark.parametrize("state", STATES, ids=[each.__name__ for each in STATES])


@state
@pytest.mark.parametrize("width", [390, 1280])
def test_everyone_can_use_it(page, state, width):
    page.set_viewport_size({"width": width, "height": 800})
    state(page)
    for_everyone(page)


@state
def test_nothing_is_wider_than_a_wide_screen(page, state):
    page.set_viewport_size({"width": 2560, "height": 844})
    state(page)
    fits(page)


def test_everything_by_keyboard(page):
    open_page(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the results")).to_be_focused()
    tab_to(page, "#demo-kind")
    assert focus_is_seen(page)
    page.keyboard.press("ArrowDown")
    tab_to(page, "#demo")
    assert focus_is_seen(page)
    page.keyboard.press("Enter")
    expect(page.locator("#facts")).to_be_visible()
    tab_to(page, "#detector")
    page.keyboard.type("rolling")  # a list is searched by its first letters
    tab_to(page, "#param-threshold")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("5")
    page.keyboard.press("Enter")  # a form: Enter in a field does what its button does
    expect(page.locator("#result")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("found")
    tab_to(page, "#plot")
    assert focus_is_seen(page)
    page.keyboard.press("n")
    expect(page.get_by_role("status")).to_contain_text("In view")
    tab_to(page, ".events .locator")
    page.keyboard.press("Enter")
    expect(page.locator(".events tr.chosen")).to_have_count(1)


def test_the_upload_button_opens_the_file_chooser_by_keyboard(page):
    open_page(page)
    # The browser's own window is left shut: whether it opens in time hangs on the desktop, not on the page.
    page.evaluate(
        """document.querySelector("input[type=file]").addEventListener("click", (event) => {
             event.preventDefault();
             document.body.dataset.chooser = "asked for";
           })"""
    )
    tab_to(page, "#upload")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-chooser='asked for']")


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_policy_is_strict(base_url, path):
    with urllib.request.urlopen(base_url + path) as answer:
        policy = answer.headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert not re.search(r"unsafe|https?:|\*", policy)


def test_printed_it_has_the_results_and_no_controls(page):
    detected(page)
    page.emulate_media(media="print")
    expect(page.locator("#controls")).to_be_hidden()
    expect(page.locator("#result")).to_be_visible()
    expect(page.locator("#canvas")).to_be_visible()


def test_every_slider_has_a_value_from_the_moment_it_can_be_reached(page):
    """A screen reader that comes between two frames, too, is told where the window stands."""
    page.add_init_script("""globalThis.bare = [];
      const values = ["aria-valuenow", "aria-valuemin", "aria-valuemax"];
      const look = () => { for (const each of document.querySelectorAll("[role=slider]"))
        if (!each.closest("[inert], [hidden]") && !values.every((name) => each.hasAttribute(name)))
          bare.push(each.ariaLabel); };
      new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });""")
    loaded(page)
    expect(page.locator(".navigator:not([inert]) [role=slider]")).to_have_count(3)
    assert page.evaluate("bare") == []
