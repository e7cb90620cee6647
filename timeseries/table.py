"""Table: what was understood of an input, its limits, and what was repaired on the way."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from errors import UnknownName
from timeseries.series import Floats, Series, Times

DateOrder = Literal["dmy", "mdy", "ymd"]


@dataclass(frozen=True)
class Limits:
    """How much is read before an input is refused with LimitExceeded.

    max_bytes        bytes of the input, and of what it decompresses to
    max_rows         records or points
    max_columns      fields in a record
    max_name_length  characters of a column's name
    """

    max_bytes: int = 256 * 1024 * 1024
    max_rows: int = 5_000_000
    max_columns: int = 1_000
    max_name_length: int = 200


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Repair:
    """One kind of change made to what was sent.

    code     stable for programs; `docs/reference/file-formats.md` lists them all
    message  one sentence for a person
    count    how many cells, rows or columns it touched
    lines    the first few places, at most five: line numbers of the file counted from 1;
             for JSON arrays, positions counted from 0
    """

    code: str
    message: str
    count: int = 1
    lines: tuple[int, ...] = ()


def repair(code: str, message: str, places: Iterable[int], count: int | None = None) -> Repair:
    """A repair with its first few places; `count` where there are more than `places` lists."""
    listed = [int(place) for place in places]
    return Repair(code, message, len(listed) if count is None else count, tuple(listed[:5]))


@dataclass(frozen=True)
class DatesRead:
    """How dates like 01/02/2026 were read, all of a column alike.

    order    which of the numbers is the day
    by       what said so: `asked`; `numbers`: the other order has no such date; `steps`: only so times go on evenly;
             `dots`: dates with dots are day first as a rule; `either`: all dates are the same in both orders
    message  one sentence for a person
    """

    order: DateOrder
    by: Literal["asked", "numbers", "steps", "dots", "either"]
    message: str


@dataclass(frozen=True, eq=False)
class Table:
    """Columns over one time axis.

    name         what the user calls the input, perhaps empty
    times        (n,) datetime64[ms], UTC, strictly increasing; None where the input has no times
    columns      name to (n,) float64 in the user's unit, NaN where missing, never infinite; in file order
    time_column  the name of the column the times came from; None where there is none
    repairs      every change made to what was sent; empty for a clean input
    default      the column judged when none is asked for; None means the first
    dates        how dates that can be written in several orders were read; None where there are none
    """

    name: str
    times: Times | None
    columns: dict[str, Floats]
    time_column: str | None = None
    repairs: tuple[Repair, ...] = ()
    default: str | None = None
    dates: DatesRead | None = None

    def series(self, column: str | None = None) -> Series:
        """The series of one column: the one asked for, else the default, else the first.

        Raises UnknownName for a column that is not there; its `known` lists those that are.
        """
        name = column if column is not None else self.default or next(iter(self.columns))
        if name not in self.columns:
            known = list(self.columns)
            raise UnknownName(
                f"There is no value column {name!r}; use one of {', '.join(map(repr, known[:20]))}.",
                name=name,
                known=known,
            )
        return Series(self.times, self.columns[name], name)
