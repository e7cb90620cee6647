"""Real series in ../shared/data, beside the project; without them the tests on real data are skipped for one reason."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "shared" / "data"
NAB = DATA / "nab"
NAB_FILES = sorted(NAB.rglob("*.csv"))
MISSING = "NO REAL SERIES HERE: ../shared/data is missing, so nothing is tried on real data"

needed = pytest.mark.skipif(not NAB_FILES, reason=MISSING)


def each_of(files):
    """Parametrizes a test over files."""
    return pytest.mark.parametrize("file", files or [pytest.param(NAB, marks=needed)], ids=lambda file: file.name)
