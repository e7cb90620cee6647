"""The chart's own parts: the strip of the whole, windows that are fetched, marks, comparison, the picture."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.access import fits, for_everyone
from tests.browser.own_chart import open_chart, pixels
from tests.browser.steps import settle, window

LOOKS = pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
MINUTE = 60_000


@pytest.fixture
def look(page, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    return page


def red(pixel):
    return pixel[0] > 190 and pixel[1] < 110 and pixel[2] < 120


def span(page):
    low, high = window(page)
    return high - low


def told(page):
    return page.evaluate("() => told")


# The strip of the whole series


@LOOKS
def test_the_strip_shows_every_event_and_the_window(look):
    open_chart(look, many=5)
    look.evaluate("() => own.view(x[0], x[500])")
    settle(look)
    ticks = look.evaluate("""() => { const canvas = document.querySelector(".navigator canvas");
      const { data, width } = canvas.getContext("2d").getImageData(0, 3, canvas.width, 1);
      let runs = 0, inside = false;
      for (let k = 0; k < width; k += 1) { const [r, g, b] = data.slice(4 * k, 4 * k + 3);
        const is = r > 190 && g < 110 && b < 120; runs += is && !inside; inside = is; }
      return runs; }""")
    assert ticks == 5
    strip, range_ = (look.locator(f".navigator{part}").bounding_box() for part in ("", " .both"))
    assert range_["width"] / strip["width"] == pytest.approx(0.25, abs=0.02)


def test_dragging_the_range_moves_the_window_and_its_ends_resize_it(page):
    open_chart(page)
    page.evaluate("() => own.view(x[500], x[1000])")
    before = window(page)
    box = page.locator(".navigator .both").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"], y, steps=4)
    page.mouse.up()
    after = window(page)
    assert after[0] == pytest.approx(before[1], abs=20 * MINUTE)
    assert after[1] - after[0] == pytest.approx(before[1] - before[0])
    end = page.locator(".navigator .to").bounding_box()
    page.mouse.move(end["x"] + end["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2 - box["width"] / 2, y, steps=4)
    page.mouse.up()
    assert window(page)[0] == after[0]
    assert span(page) == pytest.approx((after[1] - after[0]) / 2, rel=0.05)


def test_a_click_beside_the_range_brings_it_there(page):
    open_chart(page)
    page.evaluate("() => own.view(x[0], x[200])")
    settle(page)
    strip = page.locator(".navigator").bounding_box()
    page.mouse.click(strip["x"] + strip["width"] * 0.75, strip["y"] + 20)
    low, high = window(page)
    assert (low + high) / 2 == pytest.approx(page.evaluate("() => x[1500]"), abs=10 * MINUTE)


def test_the_strip_by_keyboard_tells_where_it_is(page):
    open_chart(page)
    page.evaluate("() => own.view(x[500], x[1000])")
    settle(page)
    both, start = (page.get_by_role("slider", name=name) for name in ("Window in view", "Start of the window"))
    both.focus()
    page.keyboard.press("ArrowRight")
    assert window(page) == page.evaluate("() => [x[550], x[1050]]")
    page.keyboard.press("End")
    assert window(page)[1] == page.evaluate("() => x[1999]")
    expect(both).to_have_attribute("aria-valuetext", "2026-01-02 00:59 UTC to 2026-01-02 09:19 UTC")
    start.focus()
    page.keyboard.press("Home")
    assert window(page) == page.evaluate("() => [x[0], x[1999]]")
    expect(start).to_have_attribute("aria-valuenow", str(page.evaluate("() => x[0]")))


# Windows that are fetched


def shown_events(page):
    return page.evaluate("() => Chart.getChart('canvas').data.datasets[1].data.map(({ x: at }) => at)")


def test_no_event_is_out_of_sight_at_any_zoom_while_windows_are_fetched(page):
    open_chart(page, points=300_000, many=40, wait=150)
    events = page.evaluate("() => one.events.map(({ peak_time }) => peak_time)")
    for factor in (1, 0.3, 0.1, 0.03, 0.01):
        page.evaluate("(factor) => own.zoom(factor)", factor)
        for moment in ("at once", "when it is there"):
            low, high = window(page)
            expected = [at for at in events if low <= at <= high]
            assert set(expected) <= set(shown_events(page)), (factor, moment)
            assert page.evaluate("() => Chart.getChart('canvas').data.datasets[0].data.length") <= 2_002
            page.wait_for_function("() => !own.windows.busy")


def test_a_million_points_stay_on_the_service(page):
    open_chart(page, points=1_000_000, many=10, wait=0)
    for _ in range(8):
        page.evaluate("() => own.zoom(0.5)")
        page.wait_for_function("() => !own.windows.busy")
        settle(page)
    low, high = window(page)
    rows = page.evaluate("() => ({ n: own.rows.x.length, width: own.rows.width })")
    assert rows["n"] < 4_000
    assert rows["width"] <= (high - low) / 500
    assert page.evaluate("() => Math.max(...asked.map(([, , buckets]) => buckets))") <= 1_500


def test_moving_fast_asks_little_and_ends_where_it_should(page):
    open_chart(page, points=300_000, many=40, wait=80)
    page.evaluate("() => own.view(x[0], x[2000])")
    page.wait_for_function("() => !own.windows.busy")
    before = page.evaluate("() => asked.length - 1")
    page.evaluate("""async () => { for (let k = 0; k < 60; k += 1) {
      own.pan(0.5); await new Promise((done) => requestAnimationFrame(done)); } }""")
    page.wait_for_function("() => !own.windows.busy")
    settle(page)
    begun = [each[3] for each in page.evaluate("() => asked")][before:]
    assert min(np.diff(begun)) > 35  # ms; two begin 40 apart, and clocks are rounded
    low, high = window(page)
    assert page.evaluate("() => [own.rows.from, own.rows.to, own.rows.positions.length]")[0] <= low
    assert page.evaluate("() => own.rows.to") >= high
    assert page.evaluate("() => own.rows.width") <= (high - low) / 500


def test_what_cannot_be_fetched_is_told_and_the_coarse_whole_stays(page):
    open_chart(page, points=100_000, many=10, wait=0)
    page.evaluate("() => { broken = true; own.zoom(0.1); }")
    page.wait_for_function("() => told.length && told.at(-1)[1] === 'away'")
    assert page.evaluate("() => Chart.getChart('canvas').data.datasets[0].data.length") > 50
    page.evaluate("() => { broken = false; own.view(own.from, own.to); }")
    page.wait_for_function("() => told.at(-1)[1] === null")


def test_marks_by_position_find_their_place_in_fetched_windows(page):
    open_chart(page, points=100_000, many=10, wait=0)
    page.evaluate("() => own.label([{ start: 30303, stop: 30404, kind: 'normal' }])")
    places = page.evaluate("() => [own.marks.labels.normal.from[0], own.marks.labels.normal.to[0]]")
    assert places == page.evaluate("() => [x[30303], x[30403]]")


# Events, marks, comparison


@LOOKS
def test_a_click_on_an_event_chooses_it(look):
    open_chart(look)
    look.evaluate("() => own.view(x[450], x[560])")
    settle(look)
    look.locator("#canvas").scroll_into_view_if_needed()
    before = pixels(look, 505, 8, 6)
    box = look.locator("#canvas").bounding_box()
    at = look.evaluate("() => Chart.getChart('canvas').scales.x.getPixelForValue(x[505])")
    look.mouse.click(box["x"] + at + 3, box["y"] + box["height"] / 2)
    settle(look)
    assert told(look) == [["event", 505]]
    assert look.evaluate("() => own.marks.chosen.start") == 505
    assert pixels(look, 505, 8, 6) != before


@LOOKS
def test_two_judgements_differ_in_colour_and_shape(look):
    open_chart(look)
    look.evaluate("() => { own.compare(two); own.view(x[480], x[560]); }")
    settle(look)
    assert any(map(red, pixels(look, 505, 20)))
    assert not any(map(red, pixels(look, 525, 20, 12)))
    purple = [pixel for pixel in pixels(look, 525, 20, 12) if pixel[2] > pixel[1] + 50 and pixel[0] > pixel[1]]
    assert len(purple) > 20
    middle = pixels(look, 525, 20, 0)[0]
    assert not (middle[2] > middle[1] + 50 and middle[0] > middle[1])  # hollow
    for words in ("Anomaly (First", "Anomaly (Second", "Expected by Second"):
        expect(look.locator("#legend")).to_contain_text(words)
    look.evaluate("() => own.compare(null)")
    settle(look)
    expect(look.locator("#legend")).not_to_contain_text("Second")
    assert not [pixel for pixel in pixels(look, 525, 20, 12) if pixel[2] > pixel[1] + 50 and pixel[0] > pixel[1]]


@LOOKS
def test_marked_stretches_are_hatched_each_kind_its_own_way(look):
    open_chart(look)
    look.evaluate("""() => { own.label([[50, 90],
      { start: 200, stop: 400, kind: "anomaly" }, { start: 600, stop: 800, kind: "normal" }]);
      own.view(x[0], x[999]); }""")
    settle(look)
    for at in (300, 700):
        colours = {tuple(pixel) for pixel in pixels(look, at, 17, 8)}
        assert len(colours) > 3, at  # lines, between them the page
    injected = {tuple(pixel) for pixel in pixels(look, 70, 17, 2)}
    assert len(injected) <= 2  # plain
    for words in ("Injected fault", "Labelled anomaly", "Labelled normal"):
        expect(look.locator("#legend")).to_contain_text(words)


def test_a_stretch_is_marked_by_dragging_where_marking_is_on(page):
    open_chart(page)
    page.evaluate("() => { own.marking = true; own.view(x[0], x[1000]); }")
    before = window(page)
    box = page.locator("#canvas").bounding_box()
    left, right = (
        page.evaluate("(k) => Chart.getChart('canvas').scales.x.getPixelForValue(x[k])", k) for k in (200, 300)
    )
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + left, y)
    page.mouse.down()
    page.mouse.move(box["x"] + right, y, steps=5)
    expect(page.locator(".selection.marking")).to_be_visible()
    page.mouse.up()
    [[word, start, stop, _]] = told(page)
    assert word == "mark"
    assert (start, stop) == (pytest.approx(200, abs=2), pytest.approx(301, abs=2))
    assert window(page) == before
    expect(page.locator(".selection")).to_be_hidden()


def test_the_cursor_of_the_keys_says_what_is_there_and_marks(page):
    open_chart(page)
    page.evaluate("""async () => { own.view(x[500], x[520]);
      const { chartKeys } = await import("/static/js/chart/keys.js");
      chartKeys(document.querySelector("#chart-card"), () => own, () => {}); }""")
    settle(page)
    page.locator("#plot").focus()
    for _ in range(7):
        page.keyboard.press(".")
    words = page.get_by_role("status")
    expect(words).to_contain_text("2026-01-01 08:25 UTC, Value 20, Expected 10, Band 6 to 14, Score 8, threshold 4")
    expect(words).to_contain_text("Detector First, Anomaly: severity 2")
    page.keyboard.press("s")
    for _ in range(3):
        page.keyboard.press(".")
    page.keyboard.press("e")
    assert [each[:3] for each in told(page)] == [["mark", 505, 509]]


def test_enter_chooses_the_event_at_the_cursor(page):
    open_chart(page)
    page.evaluate("""async () => { own.view(x[500], x[520]);
      const { chartKeys } = await import("/static/js/chart/keys.js");
      chartKeys(document.querySelector("#chart-card"), () => own, () => {}); }""")
    settle(page)
    page.locator("#plot").focus()
    page.keyboard.press("Enter")
    assert told(page) == []
    for _ in range(7):
        page.keyboard.press(".")
    page.keyboard.press("Enter")
    assert told(page) == [["event", 505]]


@pytest.mark.parametrize("width", [1280, 390])
def test_everyone_can_use_the_chart_and_its_strip(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    open_chart(page)
    page.evaluate("() => { own.compare(two); own.label([{ start: 200, stop: 400, kind: 'anomaly' }]); }")
    page.evaluate("() => own.view(x[480], x[560])")
    settle(page)
    for_everyone(page)
    page.evaluate("() => own.reset()")
    settle(page)
    fits(page)


# What is taken away


@LOOKS
def test_the_picture_is_on_white_and_sharp(look):
    open_chart(look)
    look.evaluate("() => own.compare(two)")
    settle(look)
    picture = look.evaluate("""async () => { const image = await createImageBitmap(await own.png());
      const copy = new OffscreenCanvas(image.width, image.height).getContext("2d");
      copy.drawImage(image, 0, 0);
      const { data } = copy.getImageData(0, 0, image.width, image.height);
      const found = { width: image.width, white: 0, red: 0, dark: 0, corner: [...data.slice(0, 4)] };
      for (let k = 0; k < data.length; k += 4) { const [r, g, b] = [data[k], data[k + 1], data[k + 2]];
        found.white += r > 250 && g > 250 && b > 250;
        found.red += r > 190 && g < 60 && b < 80;
        found.dark += k < 4 * image.width * 100 && r + g + b < 200; }
      return { ...found, all: data.length / 4 }; }""")
    assert picture["width"] == 2400
    assert picture["corner"] == [255, 255, 255, 255]
    assert picture["white"] > picture["all"] / 2
    assert picture["red"] > 200
    assert picture["dark"] > 500  # the title


def test_on_paper_the_chart_has_the_colours_of_light(page):
    page.emulate_media(color_scheme="dark")
    open_chart(page)
    grid = "() => Chart.getChart('canvas').options.scales.x.ticks.color"
    dark = page.evaluate(grid)
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    light = page.evaluate(grid)
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert light != dark
    assert page.evaluate(grid) == dark
