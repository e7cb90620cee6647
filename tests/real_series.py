"""Real series lie beside the project, in ../shared/data; where they are missing, one reason is told for all tests."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "shared" / "data"
NAB = DATA / "nab"
NAB_FILES = sorted(NAB.rglob("*.csv"))
MISSING = "NO REAL SERIES HERE: ../shared/data is missing, so nothing is tried on real data"

needed = pytest.mark.skipif(not NAB_FILES, reason=MISSING)


def each_of(files):
    """The test is run on each file."""
    return pytest.mark.parametrize("file", files or [pytest.param(NAB, marks=needed)], ids=lambda file: file.name)
