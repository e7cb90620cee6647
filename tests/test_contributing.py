"""The detector that CONTRIBUTING.md shows can be added as it says, and obeys every law."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KERNEL = ("detectors", "evaluation", "events", "forecasting", "readers", "timeseries")


@pytest.fixture
def copied(tmp_path):
    """A copy of the kernel and its laws."""
    for file in ROOT.glob("*.py"):
        shutil.copy(file, tmp_path)
    for folder in KERNEL:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "tests/detectors").mkdir(parents=True)
    for name in ("conftest.py", "databases.py", "serving.py", "waiting.py", "detectors/test_laws.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.timeout(900)  # all the laws, perhaps on a busy core
def test_the_example_obeys_the_laws(copied):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = re.search(r"\*\*1\. Write `(detectors/\w+\.py)`.*?```python\n(.*?)```", text, re.DOTALL)
    line = re.search(r"\*\*2\. Add a line.*?```\n(.*?)```", text, re.DOTALL)
    assert shown
    assert line
    (copied / shown[1]).write_text(shown[2], encoding="utf-8")
    add(copied / "detectors/__init__.py", line[1], Path(shown[1]).stem)
    laws = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/detectors/test_laws.py",
        "-k",
        "usual_range",
    ]
    done = subprocess.run(laws, cwd=copied, capture_output=True, text=True, timeout=850)
    assert done.returncode == 0, done.stdout[-3000:]
    assert sum(int(number) for number in re.findall(r"(\d+) passed", done.stdout)) > 100


def add(file, line, module):
    """Adds a detector's line to DETECTORS, and its import."""
    [name] = re.findall(r": (\w+),", line)
    text = file.read_text(encoding="utf-8")
    head, brace, tail = text.rpartition("}")
    assert brace
    written = f"{head}{line}}}{tail}".replace("\nDETECTORS", f"\nfrom detectors.{module} import {name}\n\nDETECTORS", 1)
    file.write_text(written, encoding="utf-8")
