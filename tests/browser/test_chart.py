"""The chart: zoom and pan by every means, never too many points, every event in sight."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE
from tests.browser.steps import (
    choose_detector,
    csv_of,
    daily,
    detect,
    load_demo,
    open_page,
    settle,
    upload_read,
    window,
)

HOUR = 3_600_000


@pytest.fixture
def judged(page):
    open_page(page)
    upload_read(page, "daily.csv", csv_of(daily()))
    choose_detector(page)
    detect(page)
    page.locator("#plot").scroll_into_view_if_needed()
    return page


# A page that has just scrolled goes on scrolling under the wheel.
RESTED = """() => new Promise((done) => { let timer = setTimeout(done, 400);
  addEventListener("scroll", () => { clearTimeout(timer); timer = setTimeout(done, 400); }); })"""


def middle(page):
    box = page.locator("#canvas").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def span(page):
    low, high = window(page)
    return high - low


def test_the_wheel_zooms_about_the_pointer(judged):
    whole = span(judged)
    judged.evaluate(RESTED)
    judged.mouse.move(*middle(judged))
    judged.mouse.wheel(0, -300)
    judged.wait_for_function("() => document.querySelector('#window').textContent.indexOf('everything') < 0")
    assert span(judged) < whole


def test_dragging_zooms_and_shift_dragging_moves(judged):
    x, y = middle(judged)
    whole = span(judged)
    judged.mouse.move(x - 100, y)
    judged.mouse.down()
    judged.mouse.move(x + 100, y, steps=5)
    judged.mouse.up()
    zoomed = window(judged)
    assert zoomed[1] - zoomed[0] < whole / 2
    judged.keyboard.down("Shift")
    judged.mouse.move(x, y)
    judged.mouse.down()
    judged.mouse.move(x + 120, y, steps=5)
    judged.mouse.up()
    judged.keyboard.up("Shift")
    moved = window(judged)
    assert moved[0] < zoomed[0]
    assert moved[1] - moved[0] == pytest.approx(zoomed[1] - zoomed[0])


def test_two_fingers_zoom(browser, base_url):
    context = browser.new_context(base_url=base_url, has_touch=True, viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    open_page(page)
    load_demo(page)
    page.locator("#plot").scroll_into_view_if_needed()
    whole = span(page)
    x, y = middle(page)
    touch = context.new_cdp_session(page)
    fingers = [[{"x": x - d, "y": y}, {"x": x + d, "y": y}] for d in (30, 50, 70, 90, 110)]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": fingers[0]})
    for points in fingers[1:]:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert span(page) < whole / 2
    context.close()


def test_keys_zoom_move_and_show_all(judged):
    whole = window(judged)
    judged.locator("#plot").focus()
    judged.keyboard.press("+")
    near = window(judged)
    assert near[1] - near[0] == pytest.approx((whole[1] - whole[0]) / 2)
    judged.keyboard.press("ArrowRight")
    right = window(judged)
    assert right[0] > near[0]
    judged.keyboard.press("End")
    assert window(judged)[1] == whole[1]
    judged.keyboard.press("-")
    judged.keyboard.press("-")
    assert window(judged) == whole
    judged.keyboard.press("+")
    judged.keyboard.press("0")
    assert window(judged) == whole


@pytest.mark.parametrize("way", ["detect", "event", "row", "words"])
def test_keys_work_after_detection_and_a_click_in_the_results(judged, way):
    clicked = {"event": ".events .locator", "row": ".events .explanation", "words": "#result"}
    if way != "detect":
        judged.get_by_label("Threshold").click()
        judged.keyboard.press("n")
        expect(judged.locator("#window")).to_contain_text("(all)")  # a field keeps its keys
        judged.locator(clicked[way]).first.click()
        judged.keyboard.press("0")
    whole = window(judged)
    judged.keyboard.press("+")
    near = window(judged)
    assert near[1] - near[0] == pytest.approx((whole[1] - whole[0]) / 2)
    judged.keyboard.press("ArrowLeft")
    assert window(judged)[0] < near[0]
    judged.keyboard.press("n")
    expect(judged.get_by_role("status")).to_contain_text("In view: 400")
    judged.keyboard.press("0")
    assert window(judged) == whole


def test_enter_in_a_field_keeps_the_focus_there(page):
    open_page(page)
    load_demo(page)
    choose_detector(page)
    page.get_by_label("Threshold").press("Enter")
    expect(page.locator("#result")).to_be_visible()
    expect(page.get_by_label("Threshold")).to_be_focused()


@pytest.mark.parametrize("way", ["click", "Enter", "key n"])
def test_an_event_leads_to_its_place(judged, way):
    button = judged.get_by_role("button", name="Show the event at 2026-03-07 16:00 in the chart")
    if way == "click":
        button.click()
    elif way == "Enter":
        button.focus()
        judged.keyboard.press("Enter")
    else:
        judged.locator("#plot").focus()
        judged.keyboard.press("n")
    low, high = window(judged)
    spike = judged.evaluate("() => Date.UTC(2026, 2, 7, 16)")
    assert low < spike < high
    assert high - low < 100 * HOUR
    expect(judged.get_by_role("status")).to_contain_text("In view: 400")


def test_buttons_zoom_and_show_all(judged):
    whole = window(judged)
    judged.get_by_role("button", name="Zoom in").click()
    assert span(judged) == pytest.approx((whole[1] - whole[0]) / 2)
    judged.get_by_role("button", name="Earlier").click()
    assert window(judged)[0] == whole[0]
    judged.get_by_role("button", name="Show all").click()
    assert window(judged) == whole


def test_the_window_as_a_table(judged):
    judged.get_by_text("Data in view as a table").click()
    expect(judged.locator("#points")).to_contain_text("Points 1 to 100 of 240")
    judged.get_by_role("button", name="Show the event at 2026-03-07 16:00").click()
    row = judged.get_by_role("row").filter(has=judged.get_by_role("rowheader", name="2026-03-07 16:00"))
    expect(row).to_contain_text("anomaly")
    shown = judged.locator("#points tbody tr").count()
    assert shown < 100


def test_a_series_without_times_is_counted(page):
    open_page(page)
    upload_read(page, "plain.csv", ("value\n" + "\n".join(map(str, daily())) + "\n").encode())
    expect(page.locator("#facts")).to_contain_text("points are counted from 0")
    choose_detector(page)
    detect(page)
    expect(page.get_by_role("button", name="Show the event at Point 160")).to_be_visible()


def test_single_points_between_missing_values_are_still_drawn(page):
    open_page(page)
    values = [1 + i % 3 if i % 2 else "" for i in range(400)]
    upload_read(page, "holes.csv", csv_of(values))
    settle(page)
    radii = page.evaluate("() => Chart.getChart('canvas').data.datasets[0].pointRadius")
    assert sum(radius > 0 for radius in radii) == 200


# How many pixels of a column of the plot are coloured, inside the axes: 0 where no line and no band is.
INK = """(at) => { const chart = Chart.getChart("canvas"), ratio = chart.currentDevicePixelRatio;
  const { scales: { x }, chartArea: { top, bottom } } = chart;
  const copy = new OffscreenCanvas(chart.canvas.width, chart.canvas.height).getContext("2d");
  copy.drawImage(chart.canvas, 0, 0);
  const { data } = copy.getImageData(x.getPixelForValue(at) * ratio, top * ratio, 1, (bottom - top) * ratio);
  let ink = 0;
  for (let k = 0; k < data.length; k += 4) ink += data[k + 3] > 0 && Math.max(...data.slice(k, k + 3)) < 210;
  return ink; }"""


@pytest.mark.parametrize("judge", [False, True], ids=["read", "judged"])
def test_no_line_crosses_a_gap_in_time(page, judge):
    open_page(page)
    lines = csv_of(daily()).decode().splitlines()
    del lines[101:104]  # of the hours 100, 101 and 102
    upload_read(page, "gap.csv", "\n".join([*lines, ""]).encode())
    expect(page.locator("#facts")).to_contain_text("1 gap without points")
    if judge:
        choose_detector(page)
        page.get_by_role("spinbutton", name="Window").fill("24")
        detect(page)
    settle(page)
    start = page.evaluate("() => Date.UTC(2026, 2, 1)")
    assert page.evaluate(INK, start + 101.3 * HOUR) == 0
    assert page.evaluate(INK, start + 95.3 * HOUR) > 0


@pytest.mark.parametrize("points", [100_000, 1_000_000])
def test_large_series_draw_few_points_and_every_event(page, points):
    open_page(page)
    page.get_by_text("Size and seed").click()
    page.get_by_label("Points", exact=True).fill(str(points))
    page.get_by_role("button", name="Load Demo Data").click()
    expect(page.locator("#facts")).to_contain_text(f"{points:,}")
    choose_detector(page)
    page.get_by_label("Threshold").fill("2")
    detect(page)
    settle(page)
    drawn = page.evaluate("() => Chart.getChart('canvas').data.datasets.map(({ data }) => data.length)")
    assert 0 < max(drawn) <= 2_000
    assert drawn[1] > 0
    whole = window(page)
    page.get_by_role("button", name="Zoom in").click()
    settle(page)
    near = window(page)
    assert near[1] - near[0] < whole[1] - whole[0]
    assert 0 < page.evaluate("() => Chart.getChart('canvas').data.datasets[0].data.length") <= 2_000
