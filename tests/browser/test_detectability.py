"""What would be detected here: from the button to the table, by keyboard, in light and dark, on any screen."""

import pytest
from playwright.sync_api import expect

from tests.browser.access import for_everyone
from tests.browser.steps import choose_detector, detect, load_demo, open_page


def asked(page):
    open_page(page)
    load_demo(page)
    choose_detector(page, "robust_zscore")
    detect(page)
    button = page.get_by_role("button", name="Measure detectability")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".detectability tbody tr").first).to_be_visible()


def test_the_table_tells_what_the_service_answered(page):
    with page.expect_response("**/detectability") as told:
        asked(page)
    answer = told.value.json()
    rows = page.locator(".detectability tbody tr")
    expect(rows).to_have_count(len(answer["faults"]))
    for row, fault in zip(rows.all(), answer["faults"], strict=True):
        expect(row).to_contain_text(fault["title"])
        expect(row.locator("rect.share-bar")).to_have_count(len(fault["sizes"]))
        enough = [size for size in fault["sizes"] if size["share"] >= 0.8]
        expect(row.locator("rect.reached")).to_have_count(len(enough))
    expect(page.get_by_role("status")).to_contain_text("would be detected")
    choose_detector(page, "seasonal_naive")
    detect(page)
    expect(page.locator(".detectability")).to_have_count(0)  # an old answer does not stand beside a new verdict


@pytest.mark.parametrize("width", [390, 1280, 2560])
def test_everyone_can_read_it(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    asked(page)
    for_everyone(page)


def test_what_goes_wrong_is_said_beside_the_button(page):
    open_page(page)
    load_demo(page)
    choose_detector(page, "robust_zscore")
    detect(page)
    page.route("**/detectability", lambda route: route.abort())
    page.get_by_role("button", name="Measure detectability").click()
    expect(page.locator("#detectability-problem")).to_contain_text("does not answer")
