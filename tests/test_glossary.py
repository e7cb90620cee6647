"""Names use the words of docs/glossary.md: identifiers of the sources hold none that the glossary lists as not used.

`python -m tests.test_glossary` prints what is left, by package.
"""

import ast
import re
from collections import Counter

import pytest

from tests.test_house import ROOT, name_of, outside, top

GLOSSARY = ROOT / "docs/glossary.md"


def not_used(marked):
    """The words of the glossary's last table, those of the row with this mark or those of the rows without any."""
    section = GLOSSARY.read_text(encoding="utf-8").split("## Words that are not used")[1]
    rows = re.findall(r"^\| ([a-z, ]+?)(?: \((.*?)\))? \| ", section, re.MULTILINE)
    return {word for row, mark in rows if mark == marked and row != "not" for word in row.split(", ")}


DENIED = not_used("")
DENIED_IN_CONSTANTS = not_used("in constants")

EXCEPTIONS = {  # a contract, another system's word, or the plain meaning; each a whole identifier
    "judged_by": "field of the API and column of the database",
    "level_spread": "id of a detector",
    "LevelSpread": "its class",
    "LevelSpreadScorer": "its scorer",
    "NotFound": "HTTP's word",
    "not_found": "HTTP's word",
    "_not_found": "HTTP's word",
    "given_up": "state of an alert message in the API",
    "GIVEN_UP": "the same",
    "judgedBy": "`judged_by` in scripts",
    "patience": "early stopping's word: epochs without progress",
    "_ceil_to_odd": "odd numbers",
    "near_maximum": "close to it",
    "_LOOK_ALIKES": "characters that look alike",
}
CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
JS_NOISE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)


def words(identifier):
    """The words of a name in snake_case or camelCase, in lower case."""
    return [word.lower() for word in CAMEL.findall(identifier)]


def denied_words(identifier):
    """The words of a name that the glossary does not use."""
    if identifier in EXCEPTIONS:
        return set()
    denied = set(words(identifier)) & DENIED
    if identifier.isupper():
        denied |= set(words(identifier)) & DENIED_IN_CONSTANTS
    return denied


def python_identifiers(text):
    """The names that a Python source defines: functions, classes, arguments, variables, attributes."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname


def js_identifiers(text):
    """The names in a script, without comments and strings."""
    yield from re.findall(r"[A-Za-z_$][\w$]*", JS_NOISE.sub(" ", text))


def sources():
    """The files whose names are read: the program and its benchmarks, not its tests."""
    files = [file for kind in ("*.py", "*.js") for file in ROOT.rglob(kind)]
    files = [file for file in files if not outside(file) and top(file) not in ("tests", "vendor")]
    files = [file for file in files if "migrations" not in file.parts]  # a migration stays as it was released
    return sorted([*files, ROOT / "run"])


def identifiers(file):
    text = file.read_text(encoding="utf-8")
    names = js_identifiers(text) if file.suffix == ".js" else python_identifiers(text)
    stem = [] if file.stem == "__init__" else [file.stem]
    return {*names, *stem, *file.relative_to(ROOT).parts[:-1]}


def package_of(file):
    """`api` for api/v1.py, `static/js/live` for its scripts."""
    return "/".join(file.relative_to(ROOT).parts[:3]) if "static" in file.parts else top(file)


@pytest.mark.parametrize("package", sorted({package_of(file) for file in sources()}))
def test_names_use_the_words_of_the_glossary(package):
    files = [file for file in sources() if package_of(file) == package]
    left = {name_of(file): sorted(filter(denied_words, identifiers(file))) for file in files}
    assert {file: names for file, names in left.items() if names} == {}


def test_the_glossary_lists_the_words_that_are_not_used():
    assert {"told", "asked", "voice", "stretch", "misses"} <= DENIED
    assert {"most", "fewest"} <= DENIED_IN_CONSTANTS


def test_every_term_has_one_definition():
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]*\|$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    terms = [term.strip() for row in rows if row != "word" for term in row.split(",")]
    assert [term for term, times in Counter(terms).items() if times > 1] == []


def test_exceptions_are_needed():
    used = {name for file in sources() for name in identifiers(file)}
    assert set(EXCEPTIONS) - used == set()


class TestTheRuleItself:
    """The rule is broken, to see that it can fail."""

    @pytest.mark.parametrize(
        "source",
        [
            "def tell(): pass",
            "class KeptSeries: pass",
            "def f(asked): pass",
            "x.whole = 1",
            "MOST_POINTS = 3",
            "for stretch in (): pass",
            "import numpy as voice",
        ],
    )
    def test_python(self, source):
        assert [name for name in python_identifiers(source) if denied_words(name)] != []

    @pytest.mark.parametrize(
        "source",
        ["def mask(task): pass", "missing = 1", "most_severe = 1", "x = asked", "judged_by = 1", "MAX_POINTS = 3"],
    )
    def test_python_that_is_right(self, source):
        assert [name for name in python_identifiers(source) if denied_words(name)] == []

    def test_scripts(self):
        text = "const keptSeries = 1; // told\nshow('asked', `given`);\n"
        assert [name for name in js_identifiers(text) if denied_words(name)] == ["keptSeries"]


if __name__ == "__main__":
    left = {file: sorted(filter(denied_words, identifiers(file))) for file in sources()}
    counts: Counter[str] = Counter()
    for file, names in left.items():
        counts[package_of(file)] += len(names)
    for package, count in counts.most_common():
        print(f"{count:5} {package}")  # noqa: T201  # what the command is for
        for file, names in left.items():
            if names and package_of(file) == package:
                print(f"        {name_of(file)}: {' '.join(names)}")  # noqa: T201  # what the command is for
