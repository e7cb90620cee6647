"""Every example in the documents runs, against the real server.

In README.md, CONTRIBUTING.md and docs/, ```sh blocks with a `curl` and ```python blocks are executed, in order, in
one folder per document. `http://localhost:5001` is the real server here. A block after a line
`<!-- not run: why -->` is left out.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import SECONDS

ROOT = Path(__file__).parent.parent
ADDRESS = re.compile(r"http://(?:localhost|127\.0\.0\.1):5001")
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
# An example that gets an error for an answer does not work, though curl alone would not say so.
CURL = 'set -e\ncurl() { command curl --silent --show-error --fail-with-body "$@"; }\n'


@dataclass(frozen=True)
class Example:
    language: str
    code: str
    line: int


def examples(text):
    """The blocks of a document that are run."""
    for block in FENCE.finditer(text):
        language, indent = block[2], block[1]
        code = re.sub(f"^{indent}", "", block[3], flags=re.MULTILINE)
        before = text[: block.start()].rstrip().rsplit("\n", 1)[-1]
        runs = language == "python" or (language in ("sh", "bash") and re.search(r"\bcurl\b", code))
        if runs and not re.fullmatch(r" *<!-- not run: .+ -->", before):
            yield Example(language, code, text[: block.start()].count("\n") + 1)


def run(example, url, folder):
    code = ADDRESS.sub(url, example.code)
    command = [sys.executable, "-c", code] if example.language == "python" else ["bash", "-c", CURL + code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, f"line {example.line}:\n{code}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def documents():
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [file for file in files if file.exists() and list(examples(file.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("file", documents(), ids=lambda file: file.relative_to(ROOT).as_posix())
@pytest.mark.skipif(not shutil.which("curl"), reason="SKIPPED: curl is not installed, so the examples cannot run")
def test_the_examples_of(file, server_url, tmp_path):
    for example in examples(file.read_text(encoding="utf-8")):
        run(example, server_url, tmp_path)


def test_the_readme_shows_how_to_call_the_api():
    assert ROOT / "README.md" in documents(), "README.md has no example that runs"


DOCUMENT = """
```sh
./run
```
```sh
curl http://localhost:5001/healthz
```
1. In a list
   ```python
   print("http://localhost:5001")
   ```
<!-- not run: needs a second computer -->
```bash
curl http://192.168.1.7:5001/
```
```json
{"curl": 1}
```
"""


def test_the_blocks_that_run_are_found():
    assert [(example.language, example.line) for example in examples(DOCUMENT)] == [("sh", 5), ("python", 9)]
    assert [example.code for example in examples(DOCUMENT)][1] == 'print("http://localhost:5001")\n'


def test_the_address_is_the_servers(server_url, tmp_path):
    assert run(Example("python", 'print("http://localhost:5001")', 1), server_url, tmp_path).strip() == server_url


@pytest.mark.parametrize(
    ("language", "code"),
    [("sh", "curl http://localhost:5001/api/v1/nothing"), ("sh", "false\ntrue # curl"), ("python", "1 / 0")],
)
def test_an_example_that_does_not_work_fails(server_url, tmp_path, language, code):
    with pytest.raises(AssertionError, match="line 7"):
        run(Example(language, code, 7), server_url, tmp_path)
