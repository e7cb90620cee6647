"""The default value column, and that every column name of a table can be requested."""

import numpy as np
import pytest

from errors import UnknownName
from readers import read_csv
from tests.readers.test_malformed_files import READ
from timeseries import Table, format_times

ASSUMED = {"value_column_assumed", "epoch_assumed"}
"""Repairs that speak of a choice: there is none once the column is named."""

ROWS = 12
NOISE = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]


def _file(header: str, row: str) -> bytes:
    """A file of rows from a template: `{i}` counts from 0, `{d}` is the day and `{v}` a value."""
    lines = [row.format(i=i, d=f"2026-03-{i + 1:02}", v=NOISE[i], i5000=5000 + i, half=i / 2) for i in range(ROWS)]
    return "\n".join([*([header] if header else []), *lines, ""]).encode()


DEFAULT_COLUMNS = {
    "pandas with its index": (_file(",time,v", "{i},{d},{v}"), ["v"], ["index_column"]),
    "pandas read and written again": (_file("Unnamed: 0,time,v", "{i},{d},{v}"), ["v"], ["index_column"]),
    "row names of R": (_file('"time","v"', '"{i}","{d}",{v}'), ["v"], ["index_column"]),
    "an index without a header": (_file("", "{i5000},{d},{v}"), ["value"], ["index_column"]),
    "id first": (_file("id,time,v", "{i},{d},{v}"), ["id", "v"], ["value_column_assumed"]),
    "id second": (_file("time,id,v", "{d},{i},{v}"), ["id", "v"], ["value_column_assumed"]),
    "id from 5000": (_file("id,v", "{i5000},{v}"), ["id", "v"], ["value_column_assumed"]),
    "id with gaps": (_file("orderId,time,v", "{i}{i},{d},{v}"), ["orderId", "v"], ["value_column_assumed"]),
    "Nr": (_file("Nr;Datum;v", "{i};{d};{v},5"), ["Nr", "v"], ["value_column_assumed"]),
    "any name": (_file("a,time,v", "{i},{d},{v}"), ["a", "v"], ["value_column_assumed"]),
    "seconds": (_file("seconds,v", "{i},{v}"), ["v"], ["elapsed_time"]),
    "t": (_file("t,v", "{half},{v}"), ["v"], ["elapsed_time"]),
    "time in brackets": (_file("Time (s),v", "{half},{v}"), ["v"], ["elapsed_time"]),
    "t beside dates": (_file("date,t,v", "{d},{half},{v}"), ["t", "v"], ["value_column_assumed"]),
    "index and t": (_file(",t,v", "{i},{half},{v}"), ["v"], ["index_column", "elapsed_time"]),
    "only a counter": (_file("time,n", "{d},{i}"), ["n"], []),
    "only counters": (_file("time,n,m", "{d},{i},{i5000}"), ["n", "m"], []),
    "a value named like a time": (_file("date,response time", "{d},{i}"), ["response time"], []),
}


@pytest.mark.parametrize("name", DEFAULT_COLUMNS)
def test_data_is_the_default_and_not_row_numbers(name: str) -> None:
    data, columns, codes = DEFAULT_COLUMNS[name]
    table = read_csv(data)
    assert list(table.columns) == columns
    assert [repair.code for repair in table.repairs] == codes
    expected = NOISE if not name.startswith(("only", "a value")) else range(ROWS)
    assert np.floor(table.series().values).tolist() == list(expected)


def test_the_message_names_the_column_and_the_reason() -> None:
    (repair,) = read_csv(DEFAULT_COLUMNS["Nr"][0]).repairs
    assert (
        repair.message == "Column 'v' is used, because 'Nr' only counts the rows; name a value_column to use another."
    )
    assert read_csv(DEFAULT_COLUMNS["Nr"][0], value_column="Nr").series().values.tolist() == list(range(ROWS))


def test_a_column_left_out_is_used_when_requested() -> None:
    for name, column in (("pandas with its index", "column_1"), ("seconds", "seconds")):
        table = read_csv(DEFAULT_COLUMNS[name][0], value_column=column)
        assert table.series().values.tolist() == list(range(ROWS))
        assert table.repairs == ()


def test_requested_years_are_times() -> None:
    table = read_csv(b"Year,Quarter,v\n1899,1,5\n1899,2,6\n", time_column="Year")
    assert table.times is not None and str(table.times[0]) == "1899-01-01T00:00:00.000"


@pytest.mark.parametrize("name", READ)
def test_a_name_from_a_table_can_be_requested(name: str) -> None:
    case = READ[name]
    table = read_csv(case.data, **case.options)
    for column in table.columns:
        requested = case.options | {"value_column": column, "time_column": table.time_column}
        requested_table = read_csv(case.data, **requested)
        _assert_same(table, requested_table)
        assert requested_table.series().name == column
        assert np.array_equal(requested_table.series().values, table.columns[column], equal_nan=True)


def _assert_same(table: Table, other: Table) -> None:
    assert other.time_column == table.time_column
    assert format_times(other.times) == format_times(table.times)
    assert list(other.columns) == list(table.columns)
    for name, values in table.columns.items():
        assert np.array_equal(other.columns[name], values, equal_nan=True)
    result = [[repair for repair in each.repairs if repair.code not in ASSUMED] for each in (table, other)]
    assert result[0] == result[1]


def test_value_names_no_column_with_several_columns_or_a_header() -> None:
    for data in (b"1.5,2\n3.5,4\n2.5,1\n", b"time,load\n2026-03-01,1\n"):
        with pytest.raises(UnknownName):
            read_csv(data, value_column="value")


def test_the_only_unnamed_column_can_be_requested_as_times() -> None:
    data = b"0,1772323200\n1,1772323290\n2,1772323300\n"
    assert list(read_csv(data).columns) == ["value"]
    table = read_csv(data, time_column="value")
    assert table.time_column == "column_2"
    assert table.series().values.tolist() == [0, 1, 2]


def test_a_second_column_of_times_is_not_called_text():
    rows = (f"2026-03-01 00:{minute:02},2026-02-01 00:{minute:02},{minute},north\n" for minute in range(30))
    read = read_csv(("time,made,value,site\n" + "".join(rows)).encode())
    assert [repair.message for repair in read.repairs] == [
        "Column 'site' holds text and was left out.",
        "Column 'made' holds other times and was left out.",
    ]
