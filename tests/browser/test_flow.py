"""What a person does beyond detecting: brings data in every way, tunes, teaches, compares, takes away, deletes."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    choose_detector,
    csv_of,
    daily,
    detect,
    load_demo,
    open_page,
    settle,
    until,
    upload,
    upload_read,
    window,
)

SPIKE = "2026-03-07 16:00"


def two_spikes():
    """As `daily`, with a second, smaller spike."""
    values = daily()
    values[200] = 90
    return values


@pytest.fixture
def judged(page):
    open_page(page)
    upload_read(page, "daily.csv", csv_of(two_spikes()))
    choose_detector(page, "seasonal_naive")
    detect(page)
    return page


def events(page):
    return page.locator(".events tbody tr")


def slide(page, key, times):
    page.locator("#threshold").focus()
    for _ in range(times):
        page.keyboard.press(key)


def drop(page, *files):
    transfer = page.evaluate_handle(
        f"""() => {{ const held = new DataTransfer();
        for (const [name, text] of {json.dumps(files)}) held.items.add(new File([text], name, {{ type: "text/csv" }}));
        return held; }}"""
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("body", kind, {"dataTransfer": transfer})


def test_several_files_are_a_list_to_choose_from(page):
    open_page(page)
    drop(page, ("first.csv", csv_of(daily()).decode()), ("second.csv", csv_of(daily()[:48]).decode()))
    expect(page.locator("#facts")).to_contain_text("240 points from first.csv")
    page.get_by_role("button", name=re.compile("second.csv")).first.click()
    expect(page.locator("#facts")).to_contain_text("48 points from second.csv")
    expect(page.locator("#files").get_by_role("button", pressed=True)).to_contain_text("second.csv")


def test_text_is_pasted_anywhere_but_in_a_field(page):
    open_page(page)
    paste = """(text) => { const data = new DataTransfer(); data.setData("text/plain", text);
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true })); }"""
    page.get_by_text("Size and seed").click()
    page.get_by_label("Seed").first.focus()
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.evaluate(paste, csv_of(daily()[:48]).decode())
    page.evaluate("document.activeElement.blur()")
    page.evaluate(paste, csv_of(daily()).decode())
    expect(page.locator("#facts")).to_contain_text("240 points from Pasted text")
    assert len(sent) == 1  # what was pasted into the field was not brought


def test_the_area_for_pasting(page):
    open_page(page)
    page.get_by_role("button", name="Paste text").click()
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Paste a table first.")).to_be_visible()
    page.get_by_label("Rows of a spreadsheet").fill("time\tload\n2026-01-01\t5\n2026-01-02\t6\n2026-01-03\t5\n")
    page.get_by_role("button", name="Import").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#facts")).to_contain_text("One column of values: load.")


def test_another_column_of_times_and_another_order_of_dates(page):
    open_page(page)
    rows = [f"{day:02}/02/2026,2026-03-{day:02},{day}" for day in range(1, 20)]
    upload_read(page, "two-times.csv", "\n".join(["sold,paid,price", *rows, ""]).encode())
    expect(page.locator("#facts")).to_contain_text("the column sold: 2026-02-01")
    page.get_by_text("Fix the import").click()
    page.get_by_label("Column of times").select_option("paid")
    page.get_by_role("button", name="Read again").click()
    expect(page.locator("#facts")).to_contain_text("the column paid: 2026-03-01")


def test_all_columns_at_a_glance_each_leads_to_its_chart(page):
    open_page(page)
    rows = [f"{value},{index % 7},{index % 5 + (60 if index == 99 else 0)}" for index, value in enumerate(daily())]
    upload_read(page, "plant.csv", csv_of(rows, "time,load,calm,late"))
    charts = page.locator(".thumbnail")
    expect(charts).to_have_count(3)
    expect(charts.first).to_contain_text("no detection yet")
    choose_detector(page)
    page.get_by_role("button", name="Detect in all columns").click()
    expect(charts.nth(0)).to_contain_text("1 event")
    expect(charts.nth(1)).to_contain_text("no events")
    expect(charts.nth(2)).to_contain_text("1 event")
    expect(charts.nth(2).locator("rect")).to_have_count(1)
    charts.nth(2).click()
    expect(page.locator("#result")).to_contain_text("1 anomalous event found in “late”")
    expect(charts.nth(2)).to_have_attribute("aria-pressed", "true")
    charts.nth(1).click()
    expect(page.locator("#result")).to_contain_text("No anomalies found in “calm”")
    page.reload()
    expect(page.locator("#result")).to_contain_text("No anomalies found in “calm”")


def test_the_legend_and_the_whole_table_are_there_once_judged(judged):
    settle(judged)
    for name in ("Expected", "Band", "Anomaly"):
        expect(judged.locator("#legend")).to_contain_text(name)
    assert judged.locator(".events.scroll").evaluate("(table) => table.scrollWidth <= table.clientWidth")


def test_a_click_in_the_chart_leads_to_the_row(judged):
    settle(judged)
    spike = """() => { const chart = Chart.getChart("canvas"), box = chart.canvas.getBoundingClientRect();
      const { x, y } = chart.getDatasetMeta(1).data[0]; return [box.left + x, box.top + y]; }"""
    judged.locator("#plot").scroll_into_view_if_needed()
    judged.mouse.click(*judged.evaluate(spike))
    chosen = judged.locator(".events tr.chosen")
    expect(chosen).to_have_count(1)
    expect(chosen).to_contain_text(SPIKE)
    expect(judged.get_by_role("status")).to_contain_text("400 is")


def test_an_explanation_says_how_rare_what_is_usual_and_what_would_be_normal(judged):
    why = judged.get_by_role("row").filter(has_text=SPIKE).locator(".explanation")
    expect(why).to_contain_text("above the expected")
    expect(why).to_contain_text("Highest of the 10 days")
    expect(why).to_contain_text("the typical value at this time of day is 2")
    expect(why).to_contain_text(re.compile(r"would be normal below \d"))


def test_the_slider_judges_again_at_once_and_reset_takes_it_back(judged):
    asked = []
    judged.on("request", lambda request: asked.append((request.method, request.url)))
    expect(judged.locator("#sensitivity-rate")).to_have_text(re.compile(r"^Sigma \d.*: \d+ events?"))
    before = judged.locator("#sensitivity-rate").inner_text()
    slide(judged, "End", 1)
    expect(judged.locator("#sensitivity-rate")).to_have_text(re.compile(r"^Sigma 30: 0 events in 10 days"))
    expect(judged.locator("#result")).to_contain_text("No anomalies found")
    slide(judged, "Home", 1)
    expect(judged.locator("#sensitivity-rate")).to_have_text(re.compile(r"^Sigma 1\.2: \d+ events, about [\d.]+ a"))
    expect(judged.get_by_label("Sigma")).to_have_value("1.2")
    expect(events(judged)).to_have_count(2)
    assert not [url for method, url in asked if method == "POST"]  # nothing was fitted
    judged.get_by_role("button", name="Reset").click()
    expect(judged.locator("#sensitivity-rate")).to_have_text(before)
    expect(judged.get_by_role("button", name="Reset")).to_be_disabled()


def test_a_target_finds_its_sigma(judged):
    slide(judged, "Home", 1)
    expect(judged.locator("#sensitivity-rate")).to_have_text(re.compile(r"^Sigma 1\.2: "))
    judged.get_by_label("Unit of time").select_option("week")
    judged.get_by_label("Or set a maximum number of events").fill("0.7")
    judged.get_by_role("button", name="Set", exact=True).click()
    expect(judged.locator("#sensitivity-rate")).to_have_text(re.compile(r": 1 event, about 0\.7 a week"))
    expect(events(judged)).to_have_count(1)


def test_that_a_target_cannot_be_had_is_said_until_something_else_is_judged(judged):
    judged.get_by_label("Or set a maximum number of events").fill("99999")
    judged.get_by_role("button", name="Set", exact=True).click()
    expect(judged.locator("#target-status")).to_contain_text("the lowest value tried; the slider goes further.")
    judged.get_by_role("button", name="Reset").click()
    expect(judged.locator("#target-status")).to_be_empty()


def test_what_counts_as_an_event(judged):
    judged.get_by_text("What counts as an event").click()
    judged.get_by_label("Direction").select_option("below")
    expect(judged.locator("#result")).to_contain_text("No anomalies found")
    judged.get_by_label("Direction").select_option("both")
    expect(judged.locator("#result")).to_contain_text("anomalous event")
    floor = judged.get_by_label("Ignore deviations below (unit of the values)")
    floor.fill("200")
    floor.press("Enter")
    expect(events(judged)).to_have_count(1)
    expect(events(judged)).to_contain_text(SPIKE)
    shortest = judged.get_by_label("Minimum length")
    shortest.fill("2")
    shortest.press("Tab")
    expect(judged.locator("#result")).to_contain_text("No anomalies found")
    judged.get_by_role("button", name="Reset").click()
    expect(judged.locator("#result")).to_contain_text("anomalous event")
    expect(shortest).to_have_value("1")


def say(page, at, word):
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name=f"Show the event at {at}"))
    return row.get_by_role("button", name=word)


def test_events_are_labelled_as_anomalies_or_false_alarms_with_a_note_and_undone(judged):
    say(judged, SPIKE, "Anomaly:").click()
    expect(say(judged, SPIKE, "Anomaly:")).to_have_attribute("aria-pressed", "true")
    expect(judged.locator("#labels-count")).to_have_text("1 label: 1 anomaly, 0 normal.")
    note = judged.get_by_label(re.compile("Note on 2026-03-07"))
    note.fill("the pump was off")
    with judged.expect_response(lambda answer: answer.request.method == "PUT"):
        note.press("Tab")
    judged.reload()
    expect(judged.get_by_label(re.compile("Note on 2026-03-07"))).to_have_value("the pump was off")
    expect(say(judged, SPIKE, "Anomaly:")).to_have_attribute("aria-pressed", "true")
    say(judged, SPIKE, "False alarm").click()
    expect(judged.locator("#labels-count")).to_have_text("1 label: 0 anomalies, 1 normal.")
    judged.get_by_role("button", name="Undo").click()
    expect(judged.locator("#labels-count")).to_have_text("1 label: 1 anomaly, 0 normal.")
    judged.get_by_role("button", name=re.compile("Remove the label")).click()
    expect(judged.locator("#labels-count")).to_contain_text("No labels yet")


def test_a_note_that_is_being_written_stays_when_the_mark_is_kept_meanwhile(judged):
    held = []
    judged.route("**/labels*", lambda route: held.append(route) if route.request.method == "PUT" else route.continue_())
    say(judged, SPIKE, "Anomaly:").click()
    note = judged.get_by_label(re.compile("Note on 2026-03-07"))
    note.press_sequentially("the pump")
    until(judged, lambda: held)
    with judged.expect_response(lambda answer: answer.request.method == "PUT"):
        held.pop().continue_()
    judged.unroute_all()
    settle(judged)
    note.press_sequentially(" was off")
    with judged.expect_response(lambda answer: answer.request.method == "PUT"):
        note.press("Tab")
    expect(judged.get_by_role("button", name=re.compile("Remove the label"))).to_be_focused()
    judged.reload()
    expect(judged.get_by_label(re.compile("Note on 2026-03-07"))).to_have_value("the pump was off")


def test_a_marked_stretch_is_left_out_and_what_that_changed_is_shown(judged):
    judged.get_by_text("Label an interval", exact=True).click()
    judged.get_by_label("From").fill("2026-03-07 16:00")
    judged.get_by_label("To", exact=True).fill("2026-03-07 15:00")
    judged.get_by_role("button", name="Label", exact=True).click()
    expect(judged.locator("#labels-problem")).to_contain_text("the earlier one first")
    judged.get_by_label("To", exact=True).fill("2026-03-07 16:00")
    judged.get_by_role("button", name="Label", exact=True).click()
    expect(judged.locator("#labels")).to_contain_text(SPIKE)
    judged.get_by_role("button", name="Retrain without labelled anomalies").click()
    changes = judged.locator("#retrain-result")
    expect(changes).to_contain_text(re.compile(r"\d+ events? before, \d+ now: \d+ gained, \d+ lost"))
    expect(judged.locator("#precision-recall")).to_contain_text("precision")
    expect(judged.locator("#precision-recall")).to_contain_text("recall 100 %")
    judged.get_by_role("button", name="Restore the previous result").click()
    expect(changes).to_be_hidden()


def test_two_detectors_are_compared_on_one_chart(judged):
    judged.get_by_text("Compare with another detector").click()
    judged.locator("#compare").select_option("rolling_zscore")
    judged.get_by_role("button", name="Compare", exact=True).click()
    expect(judged.locator("#compare-result")).to_contain_text("by Seasonal naive")
    expect(judged.locator("#compare-result")).to_contain_text("by Rolling z-score: ")
    expect(judged.locator("#legend")).to_contain_text("Anomaly (Rolling z-score)")
    judged.get_by_role("button", name="End the comparison").click()
    expect(judged.locator("#legend")).not_to_contain_text("Rolling z-score")
    expect(judged.locator("#compare-result")).to_be_hidden()


def test_a_link_restores_exactly_this_view(judged):
    judged.get_by_role("button", name=f"Show the event at {SPIKE}").click()
    near = window(judged)
    slide(judged, "ArrowLeft", 3)
    settle(judged)
    expect(judged.locator("#sensitivity-rate")).not_to_contain_text("…")
    said = judged.locator("#sensitivity-rate").inner_text()
    judged.wait_for_url(re.compile("detection=.*from="))
    other = judged.context.new_page()
    other.goto(judged.url)
    expect(other.locator("#sensitivity-rate")).to_have_text(said)
    expect(other.get_by_label("Detector", exact=True).first).to_have_value("seasonal_naive")
    settle(other)
    assert window(other) == pytest.approx(near, abs=1)


def test_results_as_json_and_the_chart_as_a_picture(judged):
    with judged.expect_download() as download:
        judged.get_by_role("button", name="Download as JSON").click()
    told = json.loads(download.value.path().read_text())
    assert told["detector"] == "seasonal_naive"
    assert len(told["events"]) == events(judged).count()
    with judged.expect_download() as download:
        judged.get_by_role("button", name="Download chart as PNG").click()
    assert download.value.suggested_filename == "daily-chart.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_what_was_brought_is_opened_again_and_deleted_for_good(judged):
    address = judged.url
    judged.goto("/")
    judged.get_by_text("Recent data").click()
    judged.locator("#recent-list button").first.click()
    expect(judged.locator("#facts")).to_contain_text("240 points from daily.csv")
    judged.goto(address)
    expect(judged.locator("#result")).to_be_visible()
    delete = judged.get_by_role("button", name="Delete this data")
    delete.click()
    judged.get_by_role("button", name="Cancel").click()
    expect(judged.locator("#result")).to_be_visible()
    delete.click()
    judged.get_by_role("button", name="Delete", exact=True).click()
    expect(judged.locator("#welcome")).to_be_visible()
    judged.goto(address)
    expect(judged.locator("#data-problem")).to_contain_text("was deleted")


def test_progress_stage_and_time_left_are_told(page):
    open_page(page)
    load_demo(page)

    def running(route):
        job = {"id": "j", "status": "running", "stage": "fit", "progress": 0.4, "seconds_left": 33}
        route.fulfill(json=job)

    page.route("**/api/v1/series/*/detections*", running)
    page.route("**/api/v1/detections/j*", running)
    page.get_by_role("button", name="Detect Anomalies").click()
    expect(page.locator("#busy-label")).to_have_text("Fitting the detector 40 %")
    expect(page.locator("#busy-time")).to_contain_text("about 40 s left")
    with page.expect_request(lambda request: request.method == "DELETE"):
        page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#busy")).to_be_hidden()


def test_a_job_outlives_a_service_that_is_away_for_a_while(page):
    open_page(page)
    load_demo(page)
    job = {"id": "j", "status": "running", "stage": "fit", "progress": 0.4, "seconds_left": 40, "ahead": 0}
    page.route("**/api/v1/series/*/detections*", lambda route: route.fulfill(json=job))
    page.route("**/healthz", lambda route: route.abort())
    asked = []

    def away(route):
        asked.append(route)
        route.abort()

    page.route("**/api/v1/detections/j*", away)
    page.get_by_role("button", name="Detect Anomalies").click()
    expect(page.locator("#offline")).to_be_visible()
    until(page, lambda: len(asked) > 6)
    expect(page.locator("#busy-label")).to_have_text("Fitting the detector 40 %")
    failed = {"id": "j", "status": "failed", "error": {"code": "lost", "message": "The work stopped.", "detail": {}}}
    page.unroute("**/healthz")
    page.unroute("**/api/v1/detections/j*")
    page.route("**/api/v1/detections/j*", lambda route: route.fulfill(json=failed))
    expect(page.locator("#detect-problem")).to_contain_text("The work stopped.")
    expect(page.locator("#offline")).to_be_hidden()


def test_a_demo_s_seed_is_kept_in_the_link(page):
    open_page(page)
    page.get_by_text("Size and seed").click()
    page.locator("#demo-seed").fill("5")
    load_demo(page)
    expect(page).to_have_url(re.compile(r"[?&]seed=5(&|$)"))
    page.reload()
    expect(page.locator("#facts")).to_contain_text("seasonal")
    expect(page.locator("#demo-seed")).to_have_value("5")
    expect(page.locator("#param-seed")).to_have_value("0")


def test_no_target_can_be_asked_for_that_the_service_refuses(judged):
    judged.locator("#target-unit").select_option("day")
    assert judged.locator("#target").get_attribute("max") == "32854"
    asked = []
    judged.on("request", lambda request: asked.append(request) if "events_per_month" in request.url else None)
    judged.locator("#target").fill("100000")
    judged.locator("#target").press("Enter")
    expect(judged.locator("#target:invalid")).to_be_visible()
    with judged.expect_response(lambda response: "events_per_month" in response.url) as answer:
        judged.locator("#target").fill("32854")
        judged.locator("#target").press("Enter")
    assert answer.value.ok
    assert len(asked) == 1


def test_a_failed_job_is_told_in_its_own_sentence(page):
    open_page(page)
    load_demo(page)
    failed = {"id": "j", "status": "failed", "error": {"code": "lost", "message": "The work stopped.", "detail": {}}}
    page.route("**/api/v1/series/*/detections*", lambda route: route.fulfill(json=failed))
    page.get_by_role("button", name="Detect Anomalies").click()
    expect(page.locator("#detect-problem")).to_contain_text("The work stopped.")


def test_a_service_that_goes_away_is_said_and_found_again(judged):
    judged.route("**/api/v1/detections/**", lambda route: route.abort())
    judged.route("**/healthz", lambda route: route.abort())
    slide(judged, "ArrowLeft", 1)
    expect(judged.locator("#sensitivity-problem")).to_contain_text("does not answer")
    expect(judged.locator("#result")).to_be_visible()
    judged.unroute("**/api/v1/detections/**")
    judged.unroute("**/healthz")
    slide(judged, "ArrowLeft", 1)
    expect(judged.locator("#sensitivity-problem")).to_be_hidden()


def test_a_refused_file_leaves_what_was_there(page):
    open_page(page)
    upload_read(page, "daily.csv", csv_of(daily()))
    upload(page, "picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00")
    expect(page.locator("#data-problem")).to_be_visible()
    expect(page.locator("#facts")).to_contain_text("daily.csv")
