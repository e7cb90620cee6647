"""Takes the picture of the page in the README: `python -m tests.browser.screenshots`."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, NAMES
from tests.browser.steps import detect, load_demo, open_page, settle
from tests.serving import serving

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "page.png"


def main():
    with tempfile.TemporaryDirectory() as folder, serving(folder) as url, sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, NAMES)), None)
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        page = browser.new_page(base_url=url, viewport={"width": 1440, "height": 1480}, color_scheme="light")
        open_page(page)
        load_demo(page)
        detect(page)
        settle(page)
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
