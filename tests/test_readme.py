"""Every example in the documents runs, against the real server, and the README shows its real response.

In README.md, CONTRIBUTING.md and docs/, ```sh blocks with a `curl` and ```python blocks are executed, in order, in
one folder per document. `http://localhost:5001` is the real server here. A block after a line
`<!-- not run: why -->` is left out.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from detectors.registry import DETECTORS
from tests.waiting import SECONDS

ROOT = Path(__file__).parent.parent
ADDRESS = re.compile(r"http://(?:localhost|127\.0\.0\.1):5001")
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
MAX_README_LINES = 100
# An example whose response is an error fails; curl itself would succeed.
CURL = 'set -e\ncurl() { command curl --silent --show-error --fail-with-body "$@"; }\n'


@dataclass(frozen=True)
class Example:
    language: str
    code: str
    line: int


def examples(text):
    """Yield the blocks of a document that are executed."""
    for block in FENCE.finditer(text):
        language = block[2]
        code = re.sub(f"^{block[1]}", "", block[3], flags=re.MULTILINE)
        before = text[: block.start()].rstrip().rsplit("\n", 1)[-1]
        executable = language == "python" or (language in ("sh", "bash") and re.search(r"\bcurl\b", code))
        if executable and not re.fullmatch(r" *<!-- not run: .+ -->", before):
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


@pytest.mark.skipif(not shutil.which("curl"), reason="SKIPPED: curl is not installed, so the examples cannot run")
def test_the_readme_shows_the_real_response(server_url, tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [example] = examples(text)
    shown = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])
    response = json.loads(run(example, server_url, tmp_path))
    assert len(response["events"]) == 5  # as in the text
    [event] = [event for event in response["events"] if event["start_time"] == shown["start_time"]]
    for name, value in shown.items():
        if isinstance(value, float):
            assert event[name] == pytest.approx(value, rel=0.05)  # another processor may round the network otherwise
        else:
            assert event[name].startswith(value.split(" …")[0][:20])


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MAX_README_LINES


def test_the_method_page_has_a_row_for_every_detector():
    text = (ROOT / "docs/explanation/method.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?m)^\| `(\w+)`", text)) == set(DETECTORS)


def test_every_page_is_in_the_index():
    """docs/README.md, or docs/decisions/README.md, links to every page."""
    docs = ROOT / "docs"
    indexes = [docs / "README.md", docs / "decisions/README.md"]
    links = {
        (index.parent / target).resolve()
        for index in indexes
        for target in re.findall(r"\]\(([^)#]+)\)", index.read_text(encoding="utf-8"))
    }
    assert set(docs.rglob("*.md")) - links == {docs / "README.md"}


def test_every_benchmark_that_is_named_exists():
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    named = {
        name
        for file in files
        for name in re.findall(r"(?:\./run bench|-m benchmarks\.) ?(\w+)", file.read_text(encoding="utf-8"))
    }
    known = {path.stem for path in (ROOT / "benchmarks").iterdir()}
    assert named - known == set()


def test_every_decision_has_a_number_a_date_and_a_status():
    files = sorted((ROOT / "docs/decisions").glob("0*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert re.match(r"# \d+\. .+\n\n20\d\d-\d\d-\d\d · (accepted|superseded by .+)\n", text), file.name
        assert re.findall(r"(?m)^## (.+)$", text) == ["Context", "Decision", "Consequences"], file.name


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


def test_the_executable_blocks_are_recognised():
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
