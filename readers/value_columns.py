"""The columns of values, and what was changed in them."""

from collections.abc import Callable

import numpy as np

from errors import Unreadable
from readers.dialect import Layout
from readers.field_index import Ints
from readers.number_columns import Numbers, read_numbers
from timeseries.series import Floats
from timeseries.table import Repair, repair

_STRAY_SHARE = 0.1
"""Share of the cells of a column of numbers that may be something else; they become missing values."""

_NAMES_SHOWN = 5


def value_columns(
    layout: Layout, used: frozenset[int], kept: int | None, read: Callable[[int], Numbers], rows: Ints
) -> tuple[dict[str, Floats], list[Repair]]:
    """The columns of numbers by name, (r,) over all records, and what was changed in the records `rows`.

    `kept` must be one of them. Raises Unreadable where a column mixes numbers with text, units or decimal marks
    beyond repair, or where there is no column of numbers.
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
        if layout.kinds[column] not in ("number", "empty") and column != kept:
            (times if layout.kinds[column] in ("time", "clock") else texts).append(name)
            continue
        numbers = read(column)
        if numbers.assumed or (hint == "," and numbers.mark is None):
            numbers = read_numbers(layout.grid.column(column), delimiter=layout.delimiter, hint=hint)
        check = _Column(layout, name, numbers, rows)
        if check.is_empty() and len(layout.names) - len(used) > 1 and column != kept:
            empties += [name] if layout.has_header and name != f"column_{column + 1}" else []
        elif check.is_text() and column != kept:
            texts.append(name)
        else:
            check.refuse()
            columns[name] = numbers.values
            repairs += check.repairs()
    repairs += _left_out("text_column", "text", texts) + _left_out("text_column", "other times", times)
    repairs += _left_out("empty_column", "no values", empties)
    if not columns or not any(np.isfinite(values[rows]).any() for values in columns.values()):
        raise Unreadable(
            f"The file has no column of numbers; its columns are {_shown(layout.names)}.", columns=layout.names[:100]
        )
    return columns, repairs


def _decimal_mark(layout: Layout, used: frozenset[int], read: Callable[[int], Numbers]) -> str | None:
    """The decimal mark that the columns show, where they agree."""
    numeric = [c for c, kind in enumerate(layout.kinds) if kind == "number" and c not in used]
    shown = {read(column).mark for column in numeric} - {None}
    return shown.pop() if len(shown) == 1 else None


def _left_out(code: str, what: str, names: list[str]) -> list[Repair]:
    if not names:
        return []
    noun = "Column" if len(names) == 1 else "Columns"
    verb = "holds" if len(names) == 1 else "hold"
    was = "was" if len(names) == 1 else "were"
    return [Repair(code, f"{noun} {_shown(names)} {verb} {what} and {was} left out.", len(names))]


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(map(repr, names[:_NAMES_SHOWN])) + more


class _Column:
    """One column of numbers under examination, over the rows of the table only."""

    def __init__(self, layout: Layout, name: str, numbers: Numbers, rows: Ints) -> None:
        self.layout, self.name, self.numbers = layout, name, numbers
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
        if self.bad.size > _STRAY_SHARE * (self.good + self.bad.size):
            raise self._unreadable("mixes numbers and text", int(self.bad[0]))

    def repairs(self) -> list[Repair]:
        """What was changed in the column."""
        numbers, name = self.numbers, self.name
        unit = next(iter(numbers.units), "")
        mark = "comma" if numbers.assumed == "," else "point"
        found = (
            ("unit_stripped", f"The unit {unit!r} was taken off the numbers of column {name!r}.", numbers.stripped),
            ("not_a_number", f"Cells of column {name!r} that are no numbers became missing values.", self.bad),
            ("infinite_value", f"Infinite or too large values of column {name!r} became missing.", numbers.infinite),
        )
        listed = [self._repair(code, said, self._within(at)) for code, said, at in found]
        if numbers.assumed:
            said = f"Column {name!r} does not show which mark is the decimal mark; the {mark} was taken for it."
            listed.append(Repair("decimal_mark_assumed", said, 1))
        return [each for each in listed if each.count]

    def _within(self, at: Ints) -> Ints:
        return at[self.inside[at]]

    def _repair(self, code: str, said: str, at: Ints) -> Repair:
        return repair(code, said, self.layout.grid.lines(at), len(at))

    def _unreadable(self, what: str, record: int, mend: str = "make the column uniform") -> Unreadable:
        line = self.layout.grid.line(record)
        row, column = self.layout.grid.row(record), self.layout.names.index(self.name)
        cell = row[column][:40].decode("utf-8", "replace") if column < len(row) else ""
        said = f"Column {self.name!r} {what}: line {line} has {cell!r}; {mend}."
        return Unreadable(said, line=line, column=self.name, value=cell)
