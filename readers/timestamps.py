"""Text to times, one column at a time.

Cells of one shape (`2026-03-01 10:15` is `0000-00-00 00:00`) have their digits in the same places, so each shape is
parsed once and all its cells are read together, digit by digit. Whether `01/02/2026` is the first of February is
decided over all cells afterwards.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from errors import Ambiguous
from readers.field_index import MAX_FIELD_BYTES, Bools, Ints, Text
from timeseries.table import DateOrder, DatesRead

_SHAPE_OF_BYTE = bytes(
    ord("0") if chr(b).isdigit() and b < 128 else ord("a") if b > 127 or chr(b).isalpha() else b for b in range(256)
)
MAX_SHAPES = 300
"""Shapes read in one column; unpadded numbers, fractions and offsets together make fewer."""

_DATE = r"""
    (?: (?P<y1>0000) (?P<s1>[-/.]) (?P<m1>00?) (?P=s1) (?P<d1>00?)
      | (?P<y2>0000) (?P<m2>00) (?P<d2>00)
      | (?P<a>00?) (?P<s3>[-/.]) (?P<b>00?) (?P=s3) (?P<y3>0000|00)
      | (?P<d4>00?) [ ./-]* (?P<n4>a{3,9}) [ ./,-]* (?P<y4>0000|00)
      | (?P<n5>a{3,9}) [ .-]* (?P<d5>00?) (?:aa)? [ ,-]+ (?P<y5>0000)
      | (?P<y6>0000) [-/] (?P<m6>00)
    )"""
_CLOCK = r"""
    (?: (?P<H>00?) : (?P<M>00) (?: : (?P<S>00) (?: [.,] (?P<f>0{1,9}) )? )?
      | (?P<H2>00) (?P<M2>00) (?P<S2>00)?
    )
    (?: \ ? (?P<half>aa) (?=\ |$) )?"""
_ZONE = r"""(?: \ ?(?P<zone>a{1,5}) | \ ?(?P<sign>[+-]) (?P<zh>00) (?: :?(?P<zm>00) )? )?"""
_STAMP = re.compile(rf"(?:a{{2,9}}[.,]*\ +)? {_DATE} (?: (?:(?P<t>a)|,?\ +|:|_) {_CLOCK} {_ZONE} )?", re.VERBOSE)
_NUMBERED = re.compile(r"\d\d?([-/.])\d\d?\1\d+")
"""The date in a cell like 01/02/2026 10:15."""
_TIME_OF_DAY = re.compile(rf"{_CLOCK}", re.VERBOSE)

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jän",
            "feb february februar",
            "mar march mär märz mrz",
            "apr april",
            "may mai",
            "jun june juni",
            "jul july juli",
            "aug august",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december dez dezember",
        ),
        start=1,
    )
    for name in names.split()
}
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

_Number = Callable[..., Ints]
"""Returns the number in the first of the named groups that the shape has."""

_HOUR = 3_600_000_000  # microseconds
_MINUTE = 60_000_000
_SECOND = 1_000_000
_FIRST = -62_135_596_800 * _SECOND
_LAST = 253_402_300_800 * _SECOND - 1
"""The years 1 to 9999, which four digits can write."""


@dataclass(frozen=True, eq=False)
class Stamps:
    """A column read as times.

    micros     (n,) int64, microseconds since 1970 UTC, from the year 1 to 9999; 0 where `bad`
    nanos      (n,) int64, the nanoseconds beyond them, 0 to 999
    bad        (n,) cells that are not times
    zoned      (n,) cells with a time zone
    has_clock  whether any cell has a time of day
    dates      how cells like 01/02/2026 were read; None where there are none
    """

    micros: Ints
    nanos: Ints
    bad: Bools
    zoned: Bools
    has_clock: bool
    dates: DatesRead | None = None


@dataclass(eq=False)
class _Parts:
    """Year, month, day and time of day of each cell while they are collected.

    open    (n,) cells like 01/02/2026; day and month then hold the first and the second number
    dotted  (n,) those of them written with dots, which are day first by convention
    short   (n,) those of them with a year of two digits
    leap    (n,) cells in second 60
    """

    n: int
    year: Ints = field(init=False)
    month: Ints = field(init=False)
    day: Ints = field(init=False)
    micros: Ints = field(init=False)
    nanos: Ints = field(init=False)
    leap: Bools = field(init=False)
    bad: Bools = field(init=False)
    zoned: Bools = field(init=False)
    open: Bools = field(init=False)
    dotted: Bools = field(init=False)
    short: Bools = field(init=False)
    has_clock: bool = False

    def __post_init__(self) -> None:
        for name in ("year", "month", "day", "micros", "nanos"):
            setattr(self, name, np.zeros(self.n, np.int64))
        for name in ("bad", "zoned", "open", "dotted", "short", "leap"):
            setattr(self, name, np.zeros(self.n, np.bool_))


def is_time(cell: bytes) -> bool:
    """Return whether a single cell has the shape of a date, perhaps with a time of day; plain digits do not."""
    return not cell.isdigit() and _STAMP.fullmatch(_shape(cell)) is not None


def is_time_of_day(cell: bytes) -> bool:
    """Return whether a single cell has the shape of a time of day."""
    return b":" in cell and _TIME_OF_DAY.fullmatch(_shape(cell)) is not None


def read_times(text: Text, *, date_order: DateOrder | None = None, column: str = "") -> Stamps:
    """Return the times of a column of text.

    Raises Ambiguous where every date can be read day first and month first and `date_order` is None.
    """
    parts = _Parts(len(text))
    cells = text.view(np.uint8).reshape(len(text), -1)
    shapes = np.frombuffer(text.tobytes().translate(_SHAPE_OF_BYTE), text.dtype)
    rest = np.arange(len(text))
    for _ in range(MAX_SHAPES):
        if not rest.size:
            break
        same = shapes[rest] == shapes[rest[0]]
        at = rest[same]
        _read_shape(shapes[rest[0]], cells if same.all() and at.size == len(text) else cells[at], at, parts)
        rest = rest[~same]
    parts.bad[rest] = True
    dates = _resolve_date_order(parts, date_order, column, text)
    return replace(_join(parts), dates=dates)


def _shape(cell: bytes) -> str:
    return cell.translate(_SHAPE_OF_BYTE).decode("ascii")


def _read_shape(shape: bytes, cells: NDArray[np.uint8], at: Ints, parts: _Parts) -> None:
    """Read all cells of one shape into `parts`."""
    match = _STAMP.fullmatch(shape.decode("ascii")) if len(shape) <= MAX_FIELD_BYTES else None
    if match is None:
        parts.bad[at] = True
        return
    span = {name: match.span(name) for name, group in match.groupdict().items() if group}

    def number(*names: str) -> Ints:
        return next((_digits(cells, *span[name]) for name in names if name in span), np.zeros(len(at), np.int64))

    year = number("y1", "y2", "y3", "y4", "y5", "y6")
    if "y6" in span:
        month, day = number("m6"), np.ones(len(at), np.int64)
    elif "a" in span:
        month, day = number("b"), number("a")
        parts.open[at] = True
        parts.dotted[at] = match["s3"] == "."
    else:
        month, day = number("m1", "m2"), number("d1", "d2", "d4", "d5")
    for name in ("n4", "n5"):
        if name in span:
            month = _words(cells, *span[name], MONTHS, 0)
    if "00" in (match["y3"], match["y4"]):
        parts.short[at] = True
        year = year + np.where(year < 69, 2000, 1900)
    parts.year[at], parts.month[at], parts.day[at] = year, month, day
    if "t" in span:
        parts.bad[at] |= _words(cells, *span["t"], {"t": 1}, 0) == 0
    if "H" in span or "H2" in span:
        parts.has_clock = True
        parts.micros[at], wrong = _time_of_day(cells, span, number)
        parts.bad[at] |= wrong
        parts.leap[at] = number("S", "S2") == 60
        if "f" in span:
            start, stop = span["f"]
            parts.nanos[at] = _digits(cells, start + 6, stop) * 10 ** min(9 - (stop - start), 3)
        _zone(cells, at, span, number, match["sign"], parts)


def _time_of_day(cells: NDArray[np.uint8], span: dict[str, tuple[int, int]], number: _Number) -> tuple[Ints, Bools]:
    hour, minute, second = number("H", "H2"), number("M", "M2"), number("S", "S2")
    fraction = np.zeros(len(cells), np.int64)
    if "f" in span:
        start, stop = span["f"]
        stop = min(stop, start + 6)
        fraction = _digits(cells, start, stop) * 10 ** (6 - (stop - start))
    wrong = (minute > 59) | (second > 60)
    if "half" in span:
        half = _words(cells, *span["half"], {"am": 0, "pm": 12}, -1)
        wrong |= (half < 0) | (hour < 1) | (hour > 12)
        hour = hour % 12 + half
    micros = hour * _HOUR + minute * _MINUTE + second * _SECOND + fraction
    return micros, wrong | (micros > 24 * _HOUR)


def _zone(
    cells: NDArray[np.uint8],
    at: Ints,
    span: dict[str, tuple[int, int]],
    number: _Number,
    sign: str | None,
    parts: _Parts,
) -> None:
    if "zone" in span:
        parts.bad[at] |= _words(cells, *span["zone"], {"z": 1, "utc": 1, "gmt": 1}, 0) == 0
        parts.zoned[at] = True
    if sign:
        hours, minutes = number("zh"), number("zm")
        offset = hours * _HOUR + minutes * _MINUTE
        parts.bad[at] |= (hours > 18) | (minutes > 59)
        parts.micros[at] += offset if sign == "-" else -offset
        parts.zoned[at] = True


def _digits(cells: NDArray[np.uint8], start: int, stop: int) -> Ints:
    number = np.zeros(len(cells), np.int64)
    for k in range(start, stop):
        number = number * 10 + (cells[:, k].astype(np.int64) - ord("0"))
    return number


def _words(cells: NDArray[np.uint8], start: int, stop: int, known: dict[str, int], unknown: int) -> Ints:
    """Return the number that the word in these places of each cell stands for."""
    words = np.ascontiguousarray(cells[:, start:stop]).view(f"S{stop - start}").ravel()
    if (words == words[0]).all():
        return np.full(len(cells), known.get(words[0].decode("utf-8", "replace").lower(), unknown), np.int64)
    distinct, inverse = np.unique(words, return_inverse=True)
    numbers = [known.get(word.decode("utf-8", "replace").lower(), unknown) for word in distinct.tolist()]
    return np.array(numbers, np.int64)[inverse]


def _resolve_date_order(parts: _Parts, order: DateOrder | None, column: str, text: Text) -> DatesRead | None:
    """Decide over all cells which of two numbers is the day, and assign month and day (and year)."""
    rows = parts.open & ~parts.bad
    if not rows.any():
        return None
    first, second = parts.day[rows], parts.month[rows]
    dates = _find_order(parts, rows, order, text[rows])
    if dates is None:
        raise _ambiguous(int(first[0]), int(second[0]), column)
    choice = dates.order
    if choice == "mdy":
        parts.day[rows], parts.month[rows] = second, first
    elif choice == "ymd":
        last = parts.year[rows] % 100
        parts.year[rows] = first + np.where(first < 69, 2000, 1900)
        parts.day[rows] = last
    return dates


def _find_order(parts: _Parts, rows: Bools, order: DateOrder | None, text: Text) -> DatesRead | None:
    """Return the requested order, else the one shown, else the likely one; `text` are the cells of these rows."""
    first, second = parts.day[rows], parts.month[rows]
    dotted, short = bool(parts.dotted[rows].all()), bool(parts.short[rows].all())
    if order is not None and (order != "ymd" or short):
        return _dates_read(order, "requested", text[0], "as requested")
    shown: tuple[tuple[DateOrder, bool, Ints, str, int], ...] = (
        ("ymd", short, first, "day", 31),
        ("mdy", True, second, "month", 12),
        ("dmy", True, first, "month", 12),
    )
    for choice, possible, numbers, unit, highest in shown:
        at = int(np.argmax(numbers > highest))
        if possible and numbers[at] > highest:
            return _dates_read(choice, "numbers", text[at], f"there is no {unit} {numbers[at]}")
    if dotted:
        return _dates_read("dmy", "dots", text[0], "as dates with dots usually are")
    if np.array_equal(first, second):
        return _dates_read("dmy", "either", text[0], "which for these is the same as month first")
    regular = _order_by_regularity(parts, rows)
    return regular and _dates_read(regular, "steps", text[0], "only this order makes the steps even")


def _dates_read(
    order: DateOrder, by: Literal["requested", "numbers", "steps", "dots", "either"], cell: bytes, why: str
) -> DatesRead:
    text = cell.decode("ascii", "replace")
    example = _NUMBERED.search(text)
    order_name = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}[order]
    verb = "assumed to be" if by in ("steps", "dots") else "read"
    separator = ", " if why.startswith(("as ", "which ")) else ": "
    return DatesRead(
        order, by, f"Dates like {example[0] if example else text!r} were {verb} {order_name}{separator}{why}."
    )


def _order_by_regularity(parts: _Parts, rows: Bools) -> DateOrder | None:
    """Return the only order in which the times increase or decrease by even steps."""
    regular: list[DateOrder] = []
    year, first, second, clock = parts.year[rows], parts.day[rows], parts.month[rows], parts.micros[rows]
    orders: tuple[tuple[DateOrder, Ints, Ints], ...] = (("dmy", second, first), ("mdy", first, second))
    for order, month, day in orders:
        steps = np.diff(_micros(year, month, day) + clock)
        if not steps.size:
            return None
        typical = float(np.median(steps))
        month_long = 28 * 24 * _HOUR <= abs(typical) <= 31 * 24 * _HOUR
        even = np.abs(steps - typical) <= abs(typical) * (0.11 if month_long else 0.01)
        if typical != 0 and np.mean(even) > 0.9 and (steps * np.sign(typical) >= 0).all():
            regular.append(order)
    return regular[0] if len(regular) == 1 else None


def _ambiguous(first: int, second: int, column: str) -> Ambiguous:
    example = f"{first:02}/{second:02}"
    return Ambiguous(
        f"Every date of column {column!r} can be read day first or month first ({example}); "
        "set date_order to dmy or mdy.",
        column=column,
        setting="date_order",
        choices=["dmy", "mdy"],
        example=example,
    )


def _micros(year: Ints, month: Ints, day: Ints) -> Ints:
    months = (year - 1970) * 12 + month - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    return days * 24 * _HOUR


def _join(parts: _Parts) -> Stamps:
    month = np.clip(parts.month, 1, 12)
    leap = (parts.year % 4 == 0) & ((parts.year % 100 != 0) | (parts.year % 400 == 0))
    longest = _DAYS[month] + (leap & (month == 2))
    bad = parts.bad | (parts.month != month) | (parts.day < 1) | (parts.day > longest) | (parts.year < 1)
    micros = np.where(bad, 0, _micros(parts.year, month, parts.day) + parts.micros)
    bad |= (micros < _FIRST) | (micros > _LAST)
    if parts.leap.any():
        bad |= parts.leap & ~_ends_half_year(micros)
    micros[bad] = 0
    return Stamps(micros, parts.nanos, bad, parts.zoned, parts.has_clock)


def _ends_half_year(micros: Ints) -> Bools:
    """Return (n,) which times lie in the second after the end of June or December, where leap seconds occur."""
    days = micros // (24 * _HOUR)
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    begins: Bools = (months.astype("datetime64[D]").astype(np.int64) == days) & (months.astype(np.int64) % 6 == 0)
    return begins & (micros % (24 * _HOUR) < _SECOND)
