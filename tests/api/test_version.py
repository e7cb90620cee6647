"""The version: one place, and a section of the changelog."""

import re

from api.version import PROJECT, VERSION
from tests.api.test_openapi import DOCUMENT


def test_the_api_reports_the_version_of_the_project():
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert DOCUMENT["info"]["version"] == VERSION


def test_the_newest_release_in_the_changelog_is_this_version():
    changelog = (PROJECT.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^## \[(\d[\d.]*)\] - 20\d\d-\d\d-\d\d$", changelog)[0] == VERSION
