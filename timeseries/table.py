"""A parsed input: its columns over one time axis, its limits, and its repairs."""

from dataclasses import dataclass
from typing import Literal

from errors import UnknownName
from timeseries.repairs import Repair
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
class DatesRead:
    """How dates like 01/02/2026 were read, all of a column alike.

    order    which of the numbers is the day
    by       the evidence: `requested`; `numbers`: the other order has no such date; `steps`: only this order makes
             the steps even; `dots`: dates with dots are day first as a rule; `either`: both orders give the
             same dates
    message  one sentence for a person
    """

    order: DateOrder
    by: Literal["requested", "numbers", "steps", "dots", "either"]
    message: str


@dataclass(frozen=True, eq=False)
class Table:
    """Columns over one time axis.

    name         what the user calls the input, perhaps empty
    times        (n,) datetime64[ms], UTC, strictly increasing; None where the input has no times
    columns      name to (n,) float64 in the user's unit, NaN where missing, never infinite; in file order
    time_column  the name of the column that holds the times; None where there is none
    repairs      every change made to what was sent; empty for a clean input
    default      the column used when none is requested; None means the first
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
        """Return the series of one column: the requested one, else the default, else the first.

        Raises UnknownName for a column that does not exist; its `known` lists the others.
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
