"""Times at the limits of the format: the calendar's ends, leap seconds, nanoseconds."""

import pytest

from errors import Unreadable
from readers import read_arrays, read_csv
from timeseries import format_times


def file(times: list[str]) -> bytes:
    return ("time,v\n" + "".join(f"{time},{i}\n" for i, time in enumerate(times))).encode()


@pytest.mark.parametrize(
    "invalid",
    [
        *("9999-12-31T23:59:59-14:00", "9999-12-31T24:00:00Z", "0001-01-01T00:00:00+00:01"),
        *("2026-03-01T10:15:60Z", "2016-12-31T23:59:60+01:00", "2017-01-01T12:59:60Z", "2026-02-28T23:59:60Z"),
    ],
)
def test_an_invalid_time_is_refused_with_its_line(invalid: str) -> None:
    with pytest.raises(Unreadable, match="not a time") as raised:
        read_csv(file(["2026-03-01T10:15:00Z", invalid, "2026-03-01T10:16:00Z"]))
    assert raised.value.detail == {"line": 3, "column": "time", "value": invalid}


def test_the_ends_of_the_calendar_are_read() -> None:
    times = ["0001-01-01T00:00:00Z", "2026-03-01T00:00:00Z", "9999-12-31T23:59:59.999Z"]
    assert format_times(read_csv(file(times)).times) == times
    assert format_times(read_csv(file(["9999-12-31T23:59:59+14:00", "0001-01-01T00:00-01:00"])).times) == [
        "0001-01-01T01:00:00Z",
        "9999-12-31T09:59:59Z",
    ]


@pytest.mark.parametrize("leap", ["2016-12-31T23:59:60Z", "2017-01-01T08:59:60.5+09:00", "2015-06-30T23:59:60Z"])
def test_a_leap_second_is_read_as_the_next(leap: str) -> None:
    result = format_times(read_csv(file(["2001-01-01T00:00:00Z", leap])).times)
    assert result is not None
    assert str(result[1])[:19] in ("2017-01-01T00:00:00", "2015-07-01T00:00:00")


@pytest.mark.parametrize(
    "times",
    [
        ["2026-03-01T00:00:00.000000001Z", "2026-03-01T00:00:00.0000002Z", "2026-03-01T00:01:00Z"],
        ["1772323200000000001", "1772323200000000200", "1772323260000000000"],
        ["1772323200.000000001", "1772323200.0000005", "1772323260"],
        ["1772323200000.000001", "1772323200000.0005", "1772323260000"],
        ["1772323200000000.001", "1772323200000000.5", "1772323260000000"],
    ],
)
def test_nanoseconds_are_a_repair_and_not_duplicates(times: list[str]) -> None:
    table = read_csv(file(times))
    repairs = {repair.code: (repair.count, repair.lines) for repair in table.repairs}
    assert repairs == {"finer_than_millisecond": (2, (2, 3)), "closer_than_millisecond": (1, (2,))}
    assert format_times(table.times) == ["2026-03-01T00:00:00Z", "2026-03-01T00:01:00Z"]


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_integer_milliseconds_in_any_unit_need_no_repair(unit: int) -> None:
    times = [f"{(1772323200 + 60 * i) * unit}" for i in range(20)]
    assert read_csv(file(times)).repairs == ()


def test_nanoseconds_in_the_year_2603_are_read_when_requested() -> None:
    data = file([f"{20_000_000_000 + i}000000000" for i in range(3)])
    assert format_times(read_csv(data, time_column="time").times)[:1] == ["2603-10-11T11:33:20Z"]  # type: ignore[index]  # not None: the file has times


DAYS = [f"{day:02}/02/2026 {hour:02}:00" for day in range(1, 13) for hour in (0, 12)]


@pytest.mark.parametrize(
    ("times", "order", "by", "message"),
    [
        (
            ["01/02/2026", "13/02/2026", "14/02/2026"],
            "dmy",
            "numbers",
            "'13/02/2026' were read day first: there is no month 13",
        ),
        (
            ["02/01/2026 9:00", "02/13/2026 9:00"],
            "mdy",
            "numbers",
            "'02/13/2026' were read month first: there is no month 13",
        ),
        (["98-02-03", "98-02-04"], "ymd", "numbers", "'98-02-03' were read year first: there is no day 98"),
        (["01.02.2026", "02.02.2026"], "dmy", "dots", "assumed to be day first, as dates with dots usually are"),
        (DAYS, "dmy", "steps", "assumed to be day first: only this order makes the steps even"),
        (["02/02/2026 9:00", "02/02/2026 10:00"], "dmy", "either", "the same as month first"),
    ],
)
def test_the_date_order_and_its_evidence_are_reported(times: list[str], order: str, by: str, message: str) -> None:
    for table in (read_csv(file(times)), read_arrays([1.0] * len(times), times)):
        assert table.dates is not None
        assert (table.dates.order, table.dates.by) == (order, by)
        assert table.dates.message.startswith("Dates like '")
        assert message in table.dates.message
        assert table.repairs == ()


def test_a_requested_date_order_is_reported_as_requested() -> None:
    dates = read_csv(file(DAYS), date_order="mdy").dates
    assert dates is not None
    assert (dates.order, dates.by) == ("mdy", "requested")
    assert read_csv(file(["2026-02-01", "2026-02-02"]), date_order="mdy").dates is None
