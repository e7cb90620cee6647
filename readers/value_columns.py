"""The value columns, and what was changed in them."""

from collections.abc import Callable

import numpy as np

from errors import Unreadable
from readers.dialect import Layout
from readers.field_index import Ints
from readers.number_columns import Numbers, read_numbers
from timeseries.repairs import Repair, repair
from timeseries.series import Floats

MAX_STRAY_SHARE = 0.1
"""Share of cells in a column of numbers that may not be numbers; they become missing values."""

MAX_NAMES_SHOWN = 5


def value_columns(
    layout: Layout, used: frozenset[int], value_position: int | None, read: Callable[[int], Numbers], rows: Ints
) -> tuple[dict[str, Floats], list[Repair]]:
    """Return the columns of numbers by name, (r,) over all records, and what was changed in the records `rows`.

    `value_position` must be one of them. Raises Unreadable where a column mixes numbers with text, units or decimal
    marks beyond repair, or where no column holds numbers.
    """
    columns: dict[str, Floats] = {}
    repairs: list[Repair] = []
    texts: list[str] = []
    times: list[str] = []
    empties: list[str] = []
    hint = _decimal_mark(layout, used, read)
    for column, name in enumerate(layout.names):
        if column in used:
            continue
        if layout.kinds[column] not in ("number", "empty") and column != value_position:
            (times if layout.kinds[column] in ("time", "clock") else texts).append(name)
            continue
        numbers = read(column)
        if numbers.assumed or (hint == "," and numbers.mark is None):
            numbers = read_numbers(layout.grid.column(column), delimiter=layout.delimiter, hint=hint)
        check = _Column(layout, name, numbers, rows)
        if check.is_empty() and len(layout.names) - len(used) > 1 and column != value_position:
            empties += [name] if layout.has_header and name != f"column_{column + 1}" else []
        elif check.is_text() and column != value_position:
            texts.append(name)
        else:
            check.refuse()
            columns[name] = numbers.values
            repairs += check.repairs()
    repairs += _left_out("text_column", texts) + _left_out("text_column", times, "times")
    repairs += _left_out("empty_column", empties)
    if not columns or not any(np.isfinite(values[rows]).any() for values in columns.values()):
        raise Unreadable(
            f"The file has no column of numbers; its columns are {_shown(layout.names)}.", columns=layout.names[:100]
        )
    return columns, repairs


def _decimal_mark(layout: Layout, used: frozenset[int], read: Callable[[int], Numbers]) -> str | None:
    """Return the decimal mark that the columns show, where they agree."""
    numeric = [c for c, kind in enumerate(layout.kinds) if kind == "number" and c not in used]
    shown = {read(column).mark for column in numeric} - {None}
    return shown.pop() if len(shown) == 1 else None


def _left_out(code: str, names: list[str], variant: str = "") -> list[Repair]:
    if not names:
        return []
    columns = f"Column {_shown(names)} holds" if len(names) == 1 else f"Columns {_shown(names)} hold"
    was = "was" if len(names) == 1 else "were"
    return [repair(code, count=len(names), variant=variant, columns=columns, was=was)]


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMES_SHOWN} more" if len(names) > MAX_NAMES_SHOWN else ""
    return ", ".join(map(repr, names[:MAX_NAMES_SHOWN])) + more


class _Column:
    """Checks one column of numbers, over the rows of the table only."""

    def __init__(self, layout: Layout, name: str, numbers: Numbers, rows: Ints) -> None:
        self.layout = layout
        self.name = name
        self.numbers = numbers
        self.inside = np.zeros(len(layout.grid), np.bool_)
        self.inside[rows] = True
        self.bad = self._within(numbers.bad)
        self.good = int(np.count_nonzero(np.isfinite(numbers.values[rows])))

    def is_empty(self) -> bool:
        return not self.good and not self.bad.size and not self.numbers.infinite.size

    def is_text(self) -> bool:
        return self.bad.size > self.good

    def refuse(self) -> None:
        """Raises Unreadable where the column is mixed beyond repair."""
        numbers = self.numbers
        if numbers.conflict is not None and self.inside[numbers.conflict]:
            raise self._unreadable("uses the comma and the point both as its decimal mark", numbers.conflict)
        if len(numbers.units) > 1:
            shown = ", ".join(repr(unit) if unit else "none" for unit in numbers.units)
            raise self._unreadable(f"mixes units ({shown})", max(numbers.units.values()), "write all in one unit")
        if self.bad.size > MAX_STRAY_SHARE * (self.good + self.bad.size):
            raise self._unreadable("mixes numbers and text", int(self.bad[0]))

    def repairs(self) -> list[Repair]:
        """Return what was changed in the column."""
        numbers = self.numbers
        unit = next(iter(numbers.units), "")
        changes = [
            self._repairs_at("unit_stripped", numbers.stripped, unit=unit),
            self._repairs_at("not_a_number", self.bad),
            self._repairs_at("infinite_value", numbers.infinite, variant="column"),
        ]
        if numbers.assumed:
            mark = "comma" if numbers.assumed == "," else "point"
            changes.append([repair("decimal_mark_assumed", column=self.name, mark=mark)])
        return [each for some in changes for each in some]

    def _within(self, at: Ints) -> Ints:
        return at[self.inside[at]]

    def _repairs_at(self, code: str, cells: Ints, variant: str = "", **facts: str) -> list[Repair]:
        at = self._within(cells)
        if not at.size:
            return []
        return [repair(code, self.layout.grid.lines(at), len(at), variant=variant, column=self.name, **facts)]

    def _unreadable(self, what: str, record: int, remedy: str = "make the column uniform") -> Unreadable:
        line = self.layout.grid.line(record)
        row, column = self.layout.grid.row(record), self.layout.names.index(self.name)
        cell = row[column][:40].decode("utf-8", "replace") if column < len(row) else ""
        message = f"Column {self.name!r} {what}: line {line} has {cell!r}; {remedy}."
        return Unreadable(message, line=line, column=self.name, value=cell)
