"""The rules of the code, checked by reading the sources: imports, sizes, docstrings, state, links."""

import ast
import re
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_ROOT_MODULES = 12
MAX_FILE_LINES, MAX_FUNCTION_LINES = 450, 45  # a function's docstring is not counted

MAY_IMPORT = {  # one line per package, lowest first: each names only packages above its own line
    "blas_threads": "",
    "errors": "",
    "parameters": "errors",
    "settings": "errors",
    "timeseries": "errors",
    "readers": "timeseries errors",
    "events": "timeseries parameters errors",
    "model": "timeseries",
    "forecasting": "model timeseries",
    "anomaly_detection": "events timeseries parameters errors",
    "detectors": "anomaly_detection forecasting events timeseries parameters errors",
    "evaluation": "anomaly_detection events timeseries parameters errors",
    "data_generation": "evaluation timeseries parameters errors",
    "store": "events timeseries errors",
    "datasets": "store readers timeseries errors",
    "jobs": "store evaluation detectors anomaly_detection events readers timeseries errors blas_threads",
    "streams": "store data_generation detectors anomaly_detection events readers timeseries parameters errors",
    "alerts": "store events settings timeseries errors",
    "api": "alerts streams jobs datasets store data_generation evaluation detectors anomaly_detection events readers"
    " timeseries settings parameters errors",
    "http_server": "api settings blas_threads",
    "app": "api alerts streams jobs datasets settings",
    "server": "app http_server api alerts streams jobs datasets store data_generation detectors settings blas_threads",
    "run": "",
}
KERNEL = {  # pure: no web, no disk, no clock
    *("errors", "parameters", "timeseries", "readers", "events", "model", "forecasting", "anomaly_detection"),
    *("detectors", "evaluation", "data_generation"),
}
NOT_PRODUCT = {"tests", "benchmarks"}

HOMES = {  # the packages that may import each library; numpy is not for routes
    "numpy": {*KERNEL, "api.responses", "store", "jobs", "streams", "datasets", "alerts"},
    "pandas": {"readers"},
    "torch": {"model"},
    "orjson": {"api.responses"},
    "msgspec": {"api"},
    "flask": {"app", "api"},
    "werkzeug": {"app", "api"},
    "prometheus_client": {"api"},
    "waitress": {"http_server"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
}
NOT_IN_KERNEL = {  # no web, no disk, no clock
    *("asyncio", "ftplib", "glob", "http", "logging", "multiprocessing", "os", "pathlib", "random", "shelve", "shutil"),
    *("smtplib", "socket", "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib"),
}

MUTABLE = {"list", "dict", "set", "deque", "defaultdict", "OrderedDict", "Counter", "Lock", "RLock", "Queue", "Event"}
EXEMPTION = re.compile(r"#\s*(noqa|type:\s*ignore)(?:: *[A-Z]+\d+(?:, *[A-Z]+\d+)*|\[[\w, -]+\])?(.*)")
MUTATING = {"add", "append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"}


def sources():
    """The project's Python files, tests and benchmarks left out; `run` is one."""
    files = [
        file for file in ROOT.rglob("*.py") if not NOT_PRODUCT & set(parts := file.relative_to(ROOT).parts) and parts
    ]
    return sorted(file for file in [*files, ROOT / "run"] if not outside(file))


def outside(file):
    parts = file.relative_to(ROOT).parts
    return any(part.startswith(".") or part in ("node_modules", "vendor", "instance") for part in parts)


def name_of(file):
    return file.relative_to(ROOT).as_posix()


def top(file):
    """The module or package at the root that a file belongs to: `timeseries/table.py` belongs to `timeseries`."""
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(tree):
    """Every module that a source imports, at whatever depth, by its full dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))


def import_faults(module, tree, own):
    """Imports of the module `module` that break the rules; `own` are the project's root modules."""
    top_module = module.split(".")[0]
    allowed = MAY_IMPORT[top_module].split()
    for name in imported(tree):
        root = name.split(".")[0]
        if name.startswith("."):
            yield f"{name}: import by full name"
        elif root in own:
            if root not in (top_module, *allowed):
                yield f"{name}: {top_module} may not import {root}"
        elif root in sys.stdlib_module_names:
            if root in NOT_IN_KERNEL and top_module in KERNEL:
                yield f"{name}: the kernel knows no web, disk or clock"
        elif not {module, top_module} & HOMES.get(root, set()):
            yield f"{name}: its home is {', '.join(sorted(HOMES.get(root, {'nowhere'})))}"


def kernel_faults(tree):
    """Calls that open files or read clocks without an import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("open", "print", "input") or called.endswith((".now", ".utcnow", ".today")):
                yield f"line {node.lineno}: {called}()"


def state_faults(tree):
    """State at module level: containers with the name of a variable, containers that are changed, unbounded caches."""
    held = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if is_annotated(node) else []
        for target in targets:
            if isinstance(target, ast.Name) and is_mutable(node.value):
                held[target.id] = node.lineno
    for name, line in held.items():
        if not name.lstrip("_").isupper() and name != "__all__":
            yield f"line {line}: {name} is a variable at module level"
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"line {node.lineno}: global {', '.join(node.names)}"
        elif (name := changed_name(node)) in held:
            yield f"{name} of line {held[name]} is changed"
        elif isinstance(node, (ast.Module, ast.ClassDef)):  # a cache within a function ends with its call
            for function in filter(unbounded_cache, node.body):
                yield f"line {function.lineno}: cached without a bound"


def is_annotated(node):
    return isinstance(node, ast.AnnAssign) and node.value is not None


def is_mutable(value):
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).split(".")[-1] in MUTABLE
    return isinstance(value, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp))


def changed_name(node):
    """The bare name whose content a statement changes, if it does."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATING:
        changed = node.func.value
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, (ast.Store, ast.Del)):
        changed = node.value
    elif isinstance(node, ast.AugAssign):
        changed = node.target
    else:
        return None
    return changed.id if isinstance(changed, ast.Name) else None


def unbounded_cache(node):
    """Whether a function's cache grows with its arguments; that of a function without arguments is bounded."""
    if not isinstance(node, ast.FunctionDef) or ast.unparse(node.args) == "":
        return False
    names = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(re.fullmatch(r"(functools\.)?(cache|lru_cache\(maxsize=None\))", name) for name in names)


def function_lengths(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = (ast.get_docstring(node) and node.body[1:]) or node.body
            yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1


def bare_exemptions(file):
    """Lines that switch a check off without a reason."""
    with file.open("rb") as lines:
        for token in tokenize.tokenize(lines.readline):
            if token.type == tokenize.COMMENT:
                switch = EXEMPTION.search(token.string)
                if switch and len(switch[2].strip(" #()")) < 8:
                    yield f"line {token.start[0]}: {token.string}"


OWN = {top(file) for file in sources()}
PYTHON = pytest.mark.parametrize("file", sources(), ids=name_of)


def parsed(file):
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


@PYTHON
class TestEachSource:
    def test_imports_only_allowed_modules(self, file):
        assert list(import_faults(dotted(file), parsed(file), OWN)) == []

    def test_has_a_docstring(self, file):
        assert ast.get_docstring(parsed(file)), "a module without a docstring"

    def test_has_no_state_at_module_level(self, file):
        assert list(state_faults(parsed(file))) == []

    def test_has_short_functions(self, file):
        assert [name for name, lines in function_lengths(parsed(file)) if lines > MAX_FUNCTION_LINES] == []

    def test_switches_no_check_off_without_a_reason(self, file):
        assert list(bare_exemptions(file)) == []

    def test_in_the_kernel_opens_nothing(self, file):
        if top(file) in KERNEL:
            assert list(kernel_faults(parsed(file))) == []


def written_files():
    """Every source file, except tests."""
    patterns = ("*.py", "*.js", "*.css", "*.html")
    files = [file for kind in patterns for file in ROOT.rglob(kind) if "tests" not in file.relative_to(ROOT).parts]
    return sorted(file for file in [*files, ROOT / "run"] if not outside(file))


@pytest.mark.parametrize("file", written_files(), ids=name_of)
def test_no_file_is_too_long(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("file", sorted((ROOT / "tests").rglob("*.py")), ids=name_of)
def test_tests_switch_no_check_off_without_a_reason(file):
    assert list(bare_exemptions(file)) == []


def test_every_package_has_its_line_and_names_only_lines_above_it():
    assert set(MAY_IMPORT) == OWN
    order = list(MAY_IMPORT)
    upward = [
        (name, other) for name in order for other in MAY_IMPORT[name].split() if other not in order[: order.index(name)]
    ]
    assert upward == []


def test_python_files_at_the_root_are_limited():
    assert len(list(ROOT.glob("*.py"))) <= MAX_ROOT_MODULES


def test_modules_do_not_import_each_other_in_circles():
    modules = {dotted(file): file for file in sources()}
    assert circles({module: set(neighbours(parsed(file), modules)) for module, file in modules.items()}) == []


def dotted(file):
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def neighbours(tree, modules):
    """The modules that a source imports; `from api import v1` is api.v1, not api."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for full in (f"{node.module}.{alias.name}" for alias in node.names):
                yield full if full in modules else node.module


def circles(edges):
    """The modules that can be reached from themselves."""
    reached = {module: {name for name in names if name in edges} for module, names in edges.items()}
    for _ in edges:
        reached = {module: names.union(*(reached[name] for name in names)) for module, names in reached.items()}
    return sorted(module for module, names in reached.items() if module in names)


def documents():
    return sorted(file for file in ROOT.rglob("*.md") if not outside(file))


def anchors(text):
    """The names under which GitHub links to the headings of a document."""
    headings = re.findall(r"^#+ +(.+?) *#*$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_blocks(text):
    return re.sub(r"(?ms)^```.*?^```", "", text)


def dead_links(file):
    """Links of a document that lead to no file or heading of the project. Those to other hosts are not followed."""
    text = re.sub(r"`[^`\n]*`", "", without_blocks(file.read_text(encoding="utf-8")))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        there = file.parent / path if path else file
        if re.match(r"[a-z]+:", target):
            continue
        if not there.exists() or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            yield target


def test_every_link_in_the_documents_leads_somewhere():
    assert {name_of(file): list(dead_links(file)) for file in documents() if list(dead_links(file))} == {}


class TestTheRulesThemselves:
    """Each rule is broken, to see that it can fail."""

    @pytest.mark.parametrize(
        ("module", "source"),
        [
            ("timeseries", "import settings"),
            ("errors", "from api import v1"),
            ("api.v1", "import numpy as np"),
            ("api.v1", "import orjson"),
            ("api.v1", "def f():\n    import numpy.linalg"),
            ("server", "from flask import Flask"),
            ("server", "import waitress"),
            ("store", "import streams"),
            ("store", "import settings"),
            ("jobs", "import streams"),
            ("settings", "import app"),
            ("timeseries.windows", "import pandas"),
            ("detectors.lstm", "from torch import nn"),
            ("detectors.lstm", "import importlib\nimportlib.import_module('torch')"),
            ("forecasting.lstm", "from torch import nn"),
            ("model", "import time"),
            ("readers", "from .table import Table"),
            ("timeseries.regular_grid", "from detectors import DETECTORS"),
            ("evaluation", "from detectors import DETECTORS"),
            ("readers", "import requests"),
            ("run", "import numpy"),
        ],
    )
    def test_imports(self, module, source):
        assert len(list(import_faults(module, ast.parse(source), OWN))) == 1

    @pytest.mark.parametrize(
        ("module", "source"),
        [
            ("api.v1", "import api.responses, settings, streams, flask, time"),
            ("api.responses", "import numpy, orjson"),
            ("detectors", "import numpy, forecasting.lstm, timeseries.windows"),
            ("server", "import app, settings, http_server, signal"),
            ("detectors", "from detectors.lstm import LSTM"),
            ("store", "import sqlalchemy, timeseries"),
        ],
    )
    def test_allowed_imports(self, module, source):
        assert list(import_faults(module, ast.parse(source), OWN)) == []

    @pytest.mark.parametrize(
        "source",
        [
            "cache = {}",
            "seen: set[str] = set()",
            "jobs = [job for job in ()]",
            "lock = threading.Lock()",
            "KNOWN = {}\ndef f(x):\n    KNOWN[x] = 1",
            "KNOWN = []\ndef f(x):\n    KNOWN.append(x)",
            "n = 0\ndef f():\n    global n\n    n += 1",
            "@functools.cache\ndef f(x): return x",
        ],
    )
    def test_state(self, source):
        assert list(state_faults(ast.parse(source)))

    @pytest.mark.parametrize(
        "source",
        [
            "KNOWN = {'a': 1}\nKNOWN['a']",
            "@cache\ndef f(): return 1",
            "def f():\n    @cache\n    def g(x): pass",
            "app = Blueprint()",
            "def f():\n  a = []",
        ],
    )
    def test_constants_are_no_state(self, source):
        assert list(state_faults(ast.parse(source))) == []

    @pytest.mark.parametrize("source", ["open('x')", "datetime.now()", "date.today()", "print(1)"])
    def test_kernel(self, source):
        assert len(list(kernel_faults(ast.parse(source)))) == 1

    def test_circles(self):
        assert circles({"a": {"b", "numpy"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]

    def test_lengths(self):
        source = 'def f():\n    """Long\n\n    words."""\n    a = 1\n    return a\n'
        assert list(function_lengths(ast.parse(source))) == [("f", 2)]

    def test_exemptions(self, tmp_path):
        file = tmp_path / "x.py"
        file.write_text("a = 1  # noqa: E501\nb = 2  # type: ignore[x]\nc = 3  # noqa: E501  long for a reason\n")
        assert [line.split(":")[0] for line in bare_exemptions(file)] == ["line 1", "line 2"]

    def test_links(self, tmp_path):
        (tmp_path / "b.md").write_text("# The `b` of it: all\n")
        file = tmp_path / "a.md"
        file.write_text(
            "[1](b.md) [2](b.md#the-b-of-it-all) [3](c.md) [4](b.md#c) [5](https://x.y) `[6](d.md)`\n[7](#no)\n"
        )
        assert list(dead_links(file)) == ["c.md", "b.md#c", "#no"]

    def test_sources_are_not_empty(self):
        assert len(sources()) > 10
        assert {"errors", "timeseries", "detectors"} <= OWN
