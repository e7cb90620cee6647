"""Text to numbers, one column at a time; its decimal mark, thousands marks and unit are decided over all cells.

A plain column goes through pandas' C parser, which rounds correctly. Only a column that it refuses is parsed cell by
cell.
"""

import csv
import io
import re
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # pandas ships no types

from readers.decimal_marks import find_marks, normalize_marks, shows_decimal_comma, shows_decimal_point
from readers.field_index import MAX_FIELD_BYTES, Ints, Text
from timeseries.series import Floats

_MISSING_WORDS = (
    *("na", "n/a", "n.a.", "nan", "null", "none", "nil", "missing", "nat", "<na>", "-", "--", "---", "?", ".", "\\n"),
    *("#n/a", "#na", "#value!", "#div/0!", "#ref!", "#num!", "#null!", "#name?", "-nan", "k.a."),
)
MISSING = frozenset(word.encode() for word in ("", *_MISSING_WORDS))
"""Texts of a missing value, in lower case; case is ignored."""

_NA_VALUES = sorted({form for word in ("", *_MISSING_WORDS) for form in (word, word.upper(), word.title())} | {"NaN"})

_EXPONENT = rb"[eE][-+]?\d+"
_DIGITS = rb"(?:\d(?:[\d.,']|\ (?=\d{3}(?!\d)))*|[.,]\d+)(?:" + _EXPONENT + rb")?"
_CURRENCY = rb"(?:[$]|\xe2\x82\xac|\xc2\xa3|\xc2\xa5|USD|EUR|GBP|CHF|JPY)"
_UNIT = rb"[%A-Za-z\x80-\xff\[/$][^\s()]{0,15}(?:\ [^\s\d()]{1,10})?"
_CELL = re.compile(
    rb"(?P<open>\(?)(?P<sign>[-+]?)(?P<money>" + _CURRENCY + rb"?)\ *(?P<sign2>[-+]?)\ *"
    rb"(?P<digits>" + _DIGITS + rb")\ *(?P<unit>(?:" + _UNIT + rb")?)(?P<close>\)?)(?P<minus>-?)"
)
_WITH_UNIT = re.compile(rb"(?m)^[-+]?\d+(?:[.,]\d+)?(\ *(?!" + _EXPONENT + rb")" + _UNIT + rb")$")
_WELL_MARKED = re.compile(rb"(?:\d+|\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*)?(?:[.,]\d*)?(?:[eE][-+]?\d+)?$")
_INFINITE = re.compile(rb"[-+]?inf(inity)?", re.IGNORECASE)
_PLAIN = re.compile(rb"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TRUTH = {b"true": b"1", b"false": b"0"}
MAX_UNITS = 3
"""More distinct units in a column are words, and their cells not numbers."""
HINT_BYTES = 1 << 20
"""Bytes of a column with points searched for proof that they are decimal; only other columns use it, as a hint."""
_BYTES = frozenset(f"{scale}{unit}" for scale in ("", *"kKMGTP", "Ki", "Mi", "Gi", "Ti") for unit in ("B", "b", "bit"))
_SCALES = frozenset(["k", "K", "M", "G", "T", "m", "µ", "n", "bn", "Mio", "Mrd"]) | _BYTES
"""Units that scale the number beside them: a cell without one is then in another unit."""


def _no_positions() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column read as numbers.

    values    (n,) float64, NaN where the cell is missing or not a number
    bad       positions of the cells that are not numbers
    infinite  positions of infinities and of numbers too large for a float64, NaN in values
    units     unit to the position of its first cell; "" for cells without one beside a unit that scales
    stripped  positions of the cells that had a unit
    mark      "," or "." where the column shows its decimal mark, else None
    assumed   the decimal mark assumed although the column fits both; None where it is certain
    conflict  position of a cell whose marks contradict the others; None where they agree
    """

    values: Floats
    bad: Ints = field(default_factory=_no_positions)
    infinite: Ints = field(default_factory=_no_positions)
    units: dict[str, int] = field(default_factory=dict)
    stripped: Ints = field(default_factory=_no_positions)
    mark: str | None = None
    assumed: str | None = None
    conflict: int | None = None


def is_number(cell: bytes) -> bool:
    """Return whether a single cell can be read as a number, perhaps with a unit."""
    match = _CELL.fullmatch(cell)
    is_marked_well = match is not None and _WELL_MARKED.match(match["digits"]) is not None
    return is_marked_well or cell.lower() in _TRUTH or _INFINITE.fullmatch(cell) is not None


def read_numbers(text: Text, *, delimiter: str = ",", hint: str | None = None) -> Numbers:
    """Return the numbers of a column and its problems.

    hint   the decimal mark that other columns of the file show; it and the delimiter decide for a column like
           `1,234 5,678`, which fits both
    """
    if text.dtype.itemsize <= MAX_FIELD_BYTES:
        lines = _join(text)
        numbers = _plain_column(lines, hint) or _one_unit(lines, hint)
        if numbers is not None:
            return _finite(numbers)
    return _cell_by_cell(text, delimiter, hint)


def _plain_column(lines: bytes, hint: str | None) -> Numbers | None:
    """Read a column without units or thousands marks; None for any other."""
    points = b"." in lines
    shown = points and shows_decimal_point(lines if hint == "," else lines[:HINT_BYTES])
    values = None if points and hint == "," and not shown else _parse(lines)
    if values is not None:
        return Numbers(values, mark="." if shown else None)
    if not points and shows_decimal_comma(lines):
        values = _parse(lines.replace(b",", b"."))
    return None if values is None else Numbers(values, mark=",")


def _one_unit(lines: bytes, hint: str | None) -> Numbers | None:
    """Read a column whose every number has the same unit right after its last digit; None for any other."""
    first = _WITH_UNIT.search(lines)
    if first is None:
        return None
    bare, count = re.subn(rb"(?m)(?<=\d)" + re.escape(first[1]) + rb"$", b"", lines)
    numbers = _plain_column(bare, hint)
    if numbers is None or np.count_nonzero(~np.isnan(numbers.values)) != count:
        return None
    stripped = np.flatnonzero(~np.isnan(numbers.values))
    unit = first[1].strip().decode("utf-8", "replace")
    return replace(numbers, units={unit: int(stripped[0])}, stripped=stripped)


def _join(text: Text) -> bytes:
    """Return the cells as lines, without the NULs that pad a numpy text array."""
    width = text.dtype.itemsize
    lines = np.full((len(text), width + 1), ord("\n"), np.uint8)
    lines[:, :width] = text.view(np.uint8).reshape(len(text), width)
    return bytes(lines[lines != 0])


def _parse(lines: bytes) -> Floats | None:
    """Parse one number a line with pandas' C parser; None where it refuses one of them."""
    try:
        frame = pd.read_csv(
            io.BytesIO(lines),
            header=None,
            names=["value"],
            sep="\x01",
            dtype=np.float64,
            quoting=csv.QUOTE_NONE,
            skip_blank_lines=False,
            keep_default_na=False,
            na_values=_NA_VALUES,
            encoding="latin-1",
        )
    except ValueError:
        return None
    values: Floats = frame["value"].to_numpy(copy=True)
    return values


def _finite(numbers: Numbers) -> Numbers:
    infinite = np.flatnonzero(np.isinf(numbers.values))
    if not infinite.size:
        return numbers
    numbers.values[infinite] = np.nan
    return replace(numbers, infinite=np.union1d(infinite, numbers.infinite))


@dataclass
class _Cells:
    """Collects the cells of a column one by one."""

    cores: list[bytes] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    infinite: list[int] = field(default_factory=list)
    with_unit: dict[bytes, list[int]] = field(default_factory=dict)
    first_without: int | None = None

    def add(self, position: int, cell: bytes) -> None:
        """Add one cell: its bare number, or nothing and the reason."""
        core = b""
        if cell.lower() in MISSING:
            pass
        elif cell.lower() in _TRUTH:
            core = _TRUTH[cell.lower()]
        elif _INFINITE.fullmatch(cell):
            self.infinite.append(position)
        elif len(cell) > MAX_FIELD_BYTES or not (match := _CELL.fullmatch(cell)) or (sign := _sign(match)) is None:
            self.bad.append(position)
        else:
            core = sign + match["digits"].replace(b" ", b"").replace(b"'", b"")
            unit = match["money"] or match["unit"]
            if unit:
                self.with_unit.setdefault(unit, []).append(position)
            elif self.first_without is None:
                self.first_without = position
        self.cores.append(core)

    def drop_words(self) -> None:
        """Drop more distinct units than MAX_UNITS: those cells are not numbers."""
        if len(self.with_unit) <= MAX_UNITS or {unit.decode("utf-8", "replace") for unit in self.with_unit} <= _SCALES:
            return
        for position in chain.from_iterable(self.with_unit.values()):
            self.cores[position] = b""
            self.bad.append(position)
        self.with_unit = {}

    def units(self) -> dict[str, int]:
        """Return each unit's first position; the empty unit counts only beside one that scales numbers."""
        units = {unit.decode("utf-8", "replace"): at[0] for unit, at in self.with_unit.items()}
        if self.first_without is not None and not _SCALES.isdisjoint(units):
            units[""] = self.first_without
        return units


def _cell_by_cell(text: Text, delimiter: str, hint: str | None) -> Numbers:
    cells = _Cells()
    for position, cell in enumerate(text.tolist()):
        cells.add(position, cell)
    cells.drop_words()
    lines = b"\n".join(cells.cores) + b"\n"
    marks = find_marks(lines, delimiter, hint)
    values, wrong = _parse_known(normalize_marks(lines, marks))
    return _finite(
        Numbers(
            values,
            bad=np.array(sorted({*cells.bad, *wrong}), np.int64),
            infinite=np.array(cells.infinite, np.int64),
            units=cells.units(),
            stripped=np.array(sorted(chain.from_iterable(cells.with_unit.values())), np.int64),
            mark=marks.decimal if marks.shown else None,
            assumed=marks.decimal if marks.assumed else None,
            conflict=marks.conflict,
        )
    )


def _parse_known(lines: bytes) -> tuple[Floats, list[int]]:
    """Return the numbers, and the positions of the lines that are not numbers."""
    cells = lines.split(b"\n")[:-1]
    wrong = [position for position, cell in enumerate(cells) if cell and not _PLAIN.fullmatch(cell)]
    for position in wrong:
        cells[position] = b""
    values = _parse(b"\n".join(cells) + b"\n")
    assert values is not None  # every cell was checked to be a plain number
    return values, wrong


def _sign(match: "re.Match[bytes]") -> bytes | None:
    """Return `-` or nothing; accountants write (12) and 12- for -12. None for two signs or half a bracket."""
    signs = (match["sign"] + match["sign2"] + match["minus"]).replace(b"+", b"")
    brackets = match["open"] + match["close"]
    if brackets not in (b"", b"()") or len(signs) + len(brackets) // 2 > 1:
        return None
    return b"-" if signs or brackets else b""
