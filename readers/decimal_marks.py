"""Decimal and thousands marks, decided over all cells of a column."""

import re
from dataclasses import dataclass

_FOR_COMMA = (
    re.compile(rb"(?m),(?!\d{3}(?!\d))|^-?0\d*,|\d{4},"),  # not before three digits, after a 0, after four digits
    re.compile(rb"\.[\d.]*,"),  # a point before a comma
    re.compile(rb"\.\d{3}\."),  # two points
)
_FOR_POINT = (
    re.compile(rb"(?m)\.(?!\d{3}(?!\d))|^-?0\d*\.|\d{4}\."),
    re.compile(rb",[\d,]*\."),
    re.compile(rb",\d{3},"),
)
_LONG_INTEGER = re.compile(rb"(?m)^-?\d{4,}$")


@dataclass(frozen=True)
class Marks:
    """The meaning of the marks in a column.

    decimal   "," or ".", the decimal mark; the other one marks thousands
    shown     whether the column itself proves it
    assumed   whether the column fits both and one was assumed
    conflict  position of a cell that contradicts an earlier one; None where they agree
    """

    decimal: str
    shown: bool = False
    assumed: bool = False
    conflict: int | None = None


def find_marks(lines: bytes, delimiter: str, hint: str | None) -> Marks:
    """Return the marks of a column of numbers, one a line.

    A column such as `1,234 5,678` fits both. Then `hint`, the decimal mark of the file's other columns, decides;
    else the comma is the decimal mark in a file with semicolons, as Excel writes it, and marks thousands in others.
    """
    comma, point = _first(_FOR_COMMA, lines), _first(_FOR_POINT, lines)
    if comma is not None and point is not None:
        return Marks(".", conflict=lines.count(b"\n", 0, max(comma, point)))
    if comma is not None or point is not None:
        return Marks("," if point is None else ".", shown=True)
    if b"," in lines:
        if _LONG_INTEGER.search(lines):  # thousands would be marked there too
            return Marks(",", shown=True)
        return Marks(hint or ("," if delimiter == ";" else "."), assumed=True)
    if b"." in lines and hint == ",":
        return Marks(",", assumed=True)
    return Marks(".")


def shows_decimal_point(lines: bytes) -> bool:
    """Return whether a column without commas proves that its points are decimal marks."""
    return _FOR_POINT[0].search(lines) is not None


def shows_decimal_comma(lines: bytes) -> bool:
    """Return whether a column without points proves that its commas are decimal marks."""
    return _FOR_COMMA[0].search(lines) is not None and _FOR_POINT[2].search(lines) is None


def normalize_marks(lines: bytes, marks: Marks) -> bytes:
    """Return the column with decimal points and no thousands marks; cells with misplaced marks become `x`."""
    other = b"." if marks.decimal == "," else b","
    wrong = re.compile(rb"(?m)^.*[" + other + rb"](?!\d{3}(?!\d)).*$|^.*\d{4}[" + other + rb"].*$")
    lines = wrong.sub(b"x", lines)
    return lines.replace(other, b"").replace(marks.decimal.encode(), b".")


def _first(patterns: tuple["re.Pattern[bytes]", ...], lines: bytes) -> int | None:
    starts = [match.start() for pattern in patterns if (match := pattern.search(lines))]
    return min(starts, default=None)
