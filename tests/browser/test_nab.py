"""Every file of the Numenta Anomaly Benchmark goes through the page."""

import re

import pytest
from playwright.sync_api import expect

from tests import real_series
from tests.browser.steps import choose_detector, detect, drop_file, open_page

# Some of these files hold an hour twice, where the clocks went back, or a day out of order.
REAL = "Several rows have the same time|Rows were not in order of time"
AS_IS = re.compile(rf"^(No repairs were necessary\.|\d repairs? w\w+ made to read this:({REAL}).*)$")


PARTS = 4  # so that no test is much longer than the others


@real_series.needed
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_file_is_read_and_judged(page, part):
    open_page(page)
    choose_detector(page, "rolling_zscore")
    for file in real_series.NAB_FILES[part::PARTS]:
        drop_file(page, file.name, file.read_text())
        expect(page.locator("#facts")).to_contain_text(file.name)
        expect(page.locator("#repairs")).to_have_text(AS_IS)
        expect(page.locator("#events-card")).to_be_hidden()
        detect(page)
        found = page.locator("#result").inner_text()
        rows = page.locator(".events tbody tr").count()
        assert (rows > 0) == ("anomalous event" in found), file.name
        assert rows > 0 or found.startswith("No anomalies found in “value”: all"), file.name
