"""docs/reference/file-formats.md names every repair, every error and every limit, and no other."""

import dataclasses
import re
from pathlib import Path

import errors
from readers import read_csv
from tests.readers.test_malformed_files import READ
from timeseries import Limits
from timeseries.repairs import MESSAGES

ROOT = Path(__file__).parent.parent.parent
NOT_OF_FILES = {ROOT / "readers/line_protocol.py", ROOT / "readers/positions.py"}
OF_STREAMS = {"already_there", "late_points", "beyond_age", "beyond_capacity"}
PAGE = (ROOT / "docs/reference/file-formats.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))


def _listed(section: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)`", SECTIONS[section], re.M))


def test_every_repair_is_documented_and_shown_by_a_malformed_file() -> None:
    shown = {repair.code for case in READ.values() for repair in read_csv(case.data, **case.options).repairs}
    assert shown == _listed("Repairs")


def test_every_code_of_a_file_is_documented() -> None:
    codes = {key.partition("/")[0] for key in MESSAGES} - OF_STREAMS
    assert codes == _listed("Repairs")


def test_every_error_is_documented() -> None:
    raised = set()
    for path in set((ROOT / "readers").glob("*.py")) - NOT_OF_FILES:
        raised |= set(re.findall(r"^from errors import (.*)$", path.read_text(), re.M))
    kinds = {name for line in raised for name in line.split(", ")}
    assert {getattr(errors, kind).code for kind in kinds} == _listed("Errors")


def test_every_limit_is_documented_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", SECTIONS["Limits"], re.M))
    assert {name: int(value) for name, value in listed.items()} == dataclasses.asdict(Limits())
