"""docs/reference/api.md has every route and every error code, and no others; the reference has every field."""

import re
from pathlib import Path

from api.errors import STATUS
from tests.api.test_openapi import DOCUMENT

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/reference/api.md").read_text("utf-8")
CODE = re.compile(r'Refused\(\s*\d+, "(\w+)"|error_response\(\s*\d+, "(\w+)"')


def test_every_route_is_documented():
    documented = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", TEXT, re.MULTILINE))
    assert documented == {f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item}


def test_every_error_code_is_documented_with_its_status():
    documented = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", TEXT, re.MULTILINE))
    sources = "".join(file.read_text("utf-8") for file in (ROOT / "api").glob("*.py"))
    raised = {one or other for one, other in CODE.findall(sources)}
    known = {kind.code: str(status) for kind, status in STATUS.items()}
    by_flask = {"not_found", "method_not_allowed"}
    by_waitress = {"bad_request", "request_header_fields_too_large", "not_implemented"}
    assert set(documented) == raised | set(known) | by_flask | by_waitress
    assert known.items() <= documented.items()


def properties(part):
    """The names of all fields in a part of the OpenAPI document."""
    if isinstance(part, dict):
        fields = part.get("properties")
        yield from fields if isinstance(fields, dict) else ()
        for value in part.values():
            yield from properties(value)
    elif isinstance(part, list):
        for value in part:
            yield from properties(value)


def test_every_field_is_documented():
    pages = [*(ROOT / "docs/reference").glob("*.md"), ROOT / "docs/glossary.md", ROOT / "docs/explanation/method.md"]
    words = set(re.findall(r"\w+", "".join(page.read_text("utf-8") for page in pages)))
    assert set(properties(DOCUMENT)) - words == set()
