"""What an analyst stumbled on: undo, Back, targets, corrections, gaps, ten thousand marks."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    choose_detector,
    csv_of,
    daily,
    detect,
    open_page,
    settle,
    upload_read,
    window,
)

SPIKE = "2026-03-07 16:00"
MOST_LOADED = 450_000


@pytest.fixture
def judged(page):
    """A daily series with a large and a small spike, judged."""
    values = daily()
    values[200] = 90
    open_page(page)
    upload_read(page, "daily.csv", csv_of(values))
    choose_detector(page, "seasonal_naive")
    detect(page)
    return page


def mark_spike(page):
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name=f"Show the event at {SPIKE}"))
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        row.get_by_role("button", name="Anomaly:").click()


def kept(page):
    """How many series the service keeps."""
    return len(page.request.get("/api/v1/series?limit=1000").json()["series"])


def test_undo_after_learning_again_brings_the_former_judgement_back(judged):
    undo = judged.locator("#undo")
    before = judged.locator("#sensitivity-rate").inner_text()
    first = re.search("detection=([^&]+)", judged.url)[1]
    mark_spike(judged)
    expect(undo).to_have_text("Undo the last label")
    judged.get_by_role("button", name="Retrain without labelled anomalies").click()
    expect(judged.locator("#retrain-result")).to_contain_text(" before, ")
    expect(undo).to_have_text("Undo retraining")
    assert first not in judged.url
    undo.click()
    expect(judged.locator("#retrain-result")).to_be_hidden()
    expect(judged.locator("#sensitivity-rate")).to_have_text(before)
    judged.wait_for_url(re.compile(f"detection={first}"))
    expect(judged.locator("#labels-count")).to_have_text("1 label: 1 anomaly, 0 normal.")
    expect(undo).to_have_text("Undo the last label")
    undo.click()
    expect(judged.locator("#labels-count")).to_contain_text("No labels yet")
    expect(undo).to_be_disabled()


def test_a_judgement_made_since_is_not_undone(judged):
    mark_spike(judged)
    judged.get_by_role("button", name="Retrain without labelled anomalies").click()
    expect(judged.locator("#undo")).to_have_text("Undo retraining")
    choose_detector(judged)
    detect(judged)
    expect(judged.locator("#undo")).to_have_text("Undo the last label")


def test_a_target_is_told_in_the_unit_it_was_set_in(judged):
    unit = judged.get_by_label("Unit of time")
    says = judged.locator("#sensitivity-rate")
    expect(says).to_have_text(re.compile(r"about [\d.]+ a week\.$"))
    unit.select_option("day")
    expect(says).to_have_text(re.compile(r"about [\d.]+ a day\.$"))
    judged.get_by_label("Or set a maximum number of events").fill("0.1")
    judged.get_by_role("button", name="Set", exact=True).click()
    expect(says).to_have_text(re.compile(r": 1 event, about 0\.1 a day\.$"))
    assert "at most" in judged.locator("#target-field").inner_text()


def test_how_dates_were_read_is_told_and_a_correction_without_effect_keeps_no_copy(page):
    open_page(page)
    rows = [f"{day:02}/02/2026 {hour:02}:00,{day},{day}" for day in range(1, 13) for hour in (0, 12)]
    upload_read(page, "days.csv", "\n".join(["when,price,sold", *rows, ""]).encode())
    facts = page.locator("#facts")
    expect(facts).to_contain_text(
        "Dates like '01/02/2026' were assumed to be day first: only this order makes the steps even"
    )
    expect(facts).to_contain_text("If that is wrong, correct it below.")
    before = kept(page)
    page.get_by_text("Fix the import").click()
    expect(page.get_by_label("Order of dates")).to_contain_text("as it was read, day first")
    page.get_by_role("button", name="Read again").click()
    expect(page.locator("#correct-status")).to_contain_text("was read like this already")
    page.get_by_label("Order of dates").select_option("ymd")
    page.get_by_role("button", name="Read again").click()
    expect(page.locator("#correct-status")).to_contain_text("with the same result: nothing was changed")
    assert kept(page) == before
    page.get_by_label("Order of dates").select_option("mdy")
    page.get_by_role("button", name="Read again").click()
    expect(facts).to_contain_text("were read month first, as requested.")
    expect(facts).to_contain_text("2026-12-02 12:00")


# Whether anything is drawn in the strip around each of these shares of its width.
STRIP = """(shares) => { const { canvas } = document.querySelector(".navigator canvas").getContext("2d");
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return shares.map((share) => copy.getImageData(Math.round(share * canvas.width) - 3, 0, 7, canvas.height).data
    .some((each, k) => k % 4 === 3 && each > 0)); }"""


def test_the_strip_breaks_its_line_at_a_gap_as_the_chart_does(page):
    open_page(page)
    lines = csv_of(daily()).decode().splitlines()
    upload_read(page, "gap.csv", "\n".join([*lines[:80], *lines[160:], ""]).encode())
    settle(page)
    assert page.evaluate(STRIP, [0.1, 0.5, 0.9]) == [True, False, True]


# The colours at the middles of all anomalies.
MIDDLES = """() => { const chart = Chart.getChart("canvas"), ratio = chart.currentDevicePixelRatio, { canvas } = chart;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const at = (x, y) => [...copy.getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data];
  return chart.getDatasetMeta(1).data.map(({ x, y }) => at(x, y)); }"""


def test_of_anomalies_side_by_side_each_is_red(page):
    values = [10 + k % 24 + (k * 7 % 5) / 10 for k in range(3_000)]
    values[1_600:1_625] = [400] * 25
    open_page(page)
    upload_read(page, "flat.csv", "\n".join(["load", *map(str, values), ""]).encode())
    choose_detector(page, "seasonal_naive")
    detect(page)
    settle(page)
    colours = page.evaluate(MIDDLES)
    assert len(colours) >= 5
    assert all(red > 180 and green < 110 and blue < 120 for red, green, blue, _ in colours), colours


def test_back_leads_through_what_was_opened_to_the_beginning(page):
    open_page(page)
    rows = [f"{value},{index % 7}" for index, value in enumerate(daily())]
    upload_read(page, "plant.csv", csv_of(rows, "time,load,calm"))
    choose_detector(page)
    detect(page)
    load = page.url
    page.locator(".thumbnail").nth(1).click()
    expect(page.locator("#canvas")).to_have_attribute("aria-label", re.compile("^Line chart of calm"))
    upload_read(page, "daily.csv", csv_of(daily()))
    page.go_back()
    expect(page.locator("#canvas")).to_have_attribute("aria-label", re.compile("^Line chart of calm"))
    expect(page.locator("#facts")).to_contain_text("plant.csv")
    page.go_back()
    expect(page.locator("#result")).to_contain_text("in “load”")
    assert page.url == load
    page.go_back()
    expect(page.locator("#welcome")).to_be_visible()
    page.go_forward()
    expect(page.locator("#result")).to_contain_text("in “load”")
    page.go_forward()
    page.go_forward()
    expect(page.locator("#facts")).to_contain_text("daily.csv")


@pytest.mark.parametrize("link", ["Live", "API"])
def test_back_from_another_page_leads_to_the_same_view(judged, link):
    judged.get_by_role("button", name=f"Show the event at {SPIKE}").click()
    near = window(judged)
    judged.wait_for_url(re.compile("detection=.*from="))
    said = judged.locator("#sensitivity-rate").inner_text()
    judged.get_by_role("link", name=link, exact=True).click()
    judged.wait_for_url(re.compile("/(live|docs)"))
    judged.go_back()
    expect(judged.locator("#sensitivity-rate")).to_have_text(said)
    assert window(judged) == pytest.approx(near, abs=1)


def test_ten_thousand_marks_are_listed_a_hundred_at_a_time_and_one_more_is_seen(page):
    open_page(page)
    values = [k % 24 + (500 if k in (100, 29_500) else 0) for k in range(30_000)]
    upload_read(page, "long.csv", "\n".join(["load", *map(str, values), ""]).encode())
    page.wait_for_url(re.compile("series="))
    series = re.search("series=([^&]+)", page.url)[1]
    labels = [{"start": 3 * k, "stop": 3 * k + 1, "kind": ("normal", "anomaly")[k % 2]} for k in range(9_999)]
    assert page.request.put(f"/api/v1/series/{series}/labels", data=labels).ok
    page.reload()
    expect(page.locator("#labels-count")).to_have_text("9,999 labels: 4,999 anomalies, 5,000 normal.")
    choose_detector(page)
    detect(page)
    expect(page.locator("#labels li")).to_have_count(100)
    expect(page.locator("#labels-page")).to_have_text("Labels 1 to 100 of 9,999")
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name="Show the event at Point 29,500"))
    row.get_by_role("button", name="Anomaly:").click()
    expect(row.get_by_role("button", name="Anomaly:")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#labels-page")).to_have_text("Labels 9,801 to 9,900 of 10,000")
    expect(page.locator("#labels")).to_contain_text("Point 29,500")
    page.get_by_role("button", name="Next labels").click()
    expect(page.locator("#labels-page")).to_have_text("Labels 9,901 to 10,000 of 10,000")
    expect(page.get_by_role("button", name="Next labels")).to_be_disabled()


def test_what_loads_before_anybody_does_anything_weighs_little(page):
    loaded = []
    page.on("response", lambda answer: loaded.append(answer) if "/api/" not in answer.url else None)
    open_page(page)
    page.wait_for_load_state("networkidle")
    sizes = {answer.url: len(answer.body()) for answer in loaded}
    assert sum(sizes.values()) <= MOST_LOADED, sizes
