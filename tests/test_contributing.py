"""CONTRIBUTING.md: its table of packages, its files, and its detector, which obeys every law.

`python -m tests.test_contributing` writes the table.
"""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_house import MAY_IMPORT

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "CONTRIBUTING.md"
KERNEL = ("detectors", "evaluation", "events", "forecasting", "readers", "timeseries")
TABLE = re.compile(r"(?s)(<!-- packages -->\n).*?(<!-- /packages -->)")
MAX_WALK = 12


def package_table():
    """The packages in the order of their imports, each with the first sentence of its docstring."""
    rows = [
        f"| `{name}` | {first_sentence(path)} |" for name in MAY_IMPORT if (path := source_of(name)).suffix == ".py"
    ]
    return "\n".join(["| package | holds |", "|---|---|", *rows, ""])


def source_of(name):
    package = ROOT / name / "__init__.py"
    return package if package.exists() else (ROOT / f"{name}.py" if (ROOT / f"{name}.py").exists() else ROOT / name)


def first_sentence(path):
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return re.split(r"(?<=\.)\s", " ".join(docstring.split("\n\n")[0].split()))[0]


def test_the_table_of_packages_is_that_of_their_docstrings():
    shown = TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert shown
    assert shown[0] == f"{shown[1]}{package_table()}{shown[2]}", "write it by: python -m tests.test_contributing"


def test_every_file_that_is_named_exists():
    text = re.sub(r"(?ms)^```.*?^```", "", PAGE.read_text(encoding="utf-8"))
    named = set(re.findall(r"`([\w/.]+\.(?:py|js))`", text)) - {"detectors/quantile_range.py"}
    named -= {"tests/detectors/test_quantile_range.py"}
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_the_walks_pass_a_limited_number_of_files():
    text = PAGE.read_text(encoding="utf-8")
    walks = re.findall(r"(?ms)^\*\*From a .*?\n\n((?:\d+\. .*?\n(?:   .*\n)*)+)", text)
    assert len(walks) == 2
    assert [walk.count("\n") for walk in walks if len(re.findall(r"(?m)^\d+\.", walk)) > MAX_WALK] == []


@pytest.fixture
def kernel_copy(tmp_path):
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
def test_the_example_obeys_the_laws(kernel_copy):
    text = PAGE.read_text(encoding="utf-8")
    example = re.search(r"\*\*1\. Write `(detectors/\w+\.py)`.*?```python\n(.*?)```", text, re.DOTALL)
    line = re.search(r"\*\*2\. Add a line.*?```\n(.*?)```", text, re.DOTALL)
    assert example
    assert line
    (kernel_copy / example[1]).write_text(example[2], encoding="utf-8")
    add(kernel_copy / "detectors/registry.py", line[1], Path(example[1]).stem)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["tests/detectors/test_laws.py", "-k", "quantile_range"]
    done = subprocess.run(command, cwd=kernel_copy, capture_output=True, text=True, timeout=850)
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


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda marks: f"{marks[1]}{package_table()}{marks[2]}", page), encoding="utf-8")
