"""What makes a page one for everyone: no violation that axe knows, nothing off the screen, everything by keyboard."""

from pathlib import Path

import pytest

from tests.browser.steps import two_frames

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }"


def for_everyone(page):
    """The page as it stands is one, in light and in dark."""
    fits(page)
    if not AXE.exists():
        pytest.skip("NO AXE HERE: run `npm ci` first, accessibility is not tested")
    page.evaluate(AXE.read_text())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        two_frames(page)
        found = page.evaluate(f"() => axe.run(document, {RULES})")["violations"]
        told = [(each["id"], each["help"], [node["html"][:200] for node in each["nodes"]]) for each in found]
        assert (scheme, told) == (scheme, [])


def fits(page):
    """Nothing is wider than the screen."""
    two_frames(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def tab_to(page, selector, limit=40):
    for _ in range(limit):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached with {limit} tabs")


def focus_is_seen(page):
    return page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle !== 'none'")
