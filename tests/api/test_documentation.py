"""docs/reference/api.md tells every route and every error code, and no others."""

import re
from pathlib import Path

from api.errors import STATUS
from tests.api.test_openapi import DOCUMENT

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/reference/api.md").read_text("utf-8")
CODE = re.compile(r'Refused\(\s*\d+, "(\w+)"|error_response\(\s*\d+, "(\w+)"')


def test_every_route_is_told():
    told = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", TEXT, re.MULTILINE))
    assert told == {f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item}


def test_every_error_code_is_told_with_its_status():
    told = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", TEXT, re.MULTILINE))
    sources = "".join(file.read_text("utf-8") for file in (ROOT / "api").glob("*.py"))
    raised = {one or other for one, other in CODE.findall(sources)}
    known = {kind.code: str(status) for kind, status in STATUS.items()}
    by_flask = {"not_found", "method_not_allowed"}
    by_waitress = {"bad_request", "request_header_fields_too_large", "not_implemented"}
    assert set(told) == raised | set(known) | by_flask | by_waitress
    assert known.items() <= told.items()
