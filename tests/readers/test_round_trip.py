"""Tables written in common formats are read back the same, and as by a naive reader."""

import csv
import io
import math
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from errors import BadInput
from readers import read_arrays, read_csv
from timeseries import format_times

DATE_FORMATS = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%d.%m.%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
]
MISSING = ["", "NA", "nan", "null", "N/A", "#N/A", "-"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-le"]

finite = st.floats(-1e12, 1e12, allow_nan=False).map(lambda value: value + 0.0)
numbers = st.one_of(finite, finite.map(lambda value: round(value, 2)), st.integers(-10_000, 10_000).map(float))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[datetime], list[float | None], list[float]]:
    """Rising times to the second, a column with gaps, and a complete column that is not taken for an index."""
    n = draw(st.integers(3, 30))
    start = draw(st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1))).replace(microsecond=0)
    steps = draw(st.lists(st.integers(1, 100_000), min_size=n, max_size=n))
    times = [start + timedelta(seconds=sum(steps[: i + 1])) for i in range(n)]
    gappy = draw(st.lists(st.one_of(st.none(), numbers), min_size=n, max_size=n))
    full = draw(st.lists(numbers, min_size=n, max_size=n))
    return times, gappy, full


def written(value: float | None, mark: str, missing: str) -> str:
    text = missing if value is None else repr(value)
    return text.replace(".", mark) if value is not None else text


@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|"),
    mark=st.sampled_from(".,"),
    encoding=st.sampled_from(ENCODINGS),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    header=st.booleans(),
    date_format=st.sampled_from(DATE_FORMATS),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    missing=st.sampled_from(MISSING),
)
def test_a_written_table_is_read_back(
    table: tuple[list[datetime], list[float | None], list[float]],
    delimiter: str,
    mark: str,
    encoding: str,
    newline: str,
    header: bool,
    date_format: str,
    quoting: Literal[0, 1],
    missing: str,
) -> None:
    times, gappy, full = table
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    if header:
        writer.writerow(["Zeit", "Kühlung", "last"])
    # a complete first row, so that the kind of every column is visible
    rows = [(times[0] - timedelta(seconds=1), 0.5, 0.25), *zip(times, gappy, full, strict=True)]
    for time, one, other in rows:
        writer.writerow([time.strftime(date_format), written(one, mark, missing), written(other, mark, missing)])
    read = read_csv(file.getvalue().encode(encoding))
    assumed = {"utf-16-le"} | ({"cp1252"} if header else set())
    assert [each.code for each in read.repairs] == (["encoding_assumed"] if encoding in assumed else [])
    assert format_times(read.times) == [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time, _, _ in rows]
    names = ["Kühlung", "last"] if header else ["column_2", "column_3"]
    assert list(read.columns) == names
    expected = np.array([[math.nan if cell is None else cell for cell in row[1:]] for row in rows])
    for name, column in zip(names, expected.T, strict=True):
        np.testing.assert_array_equal(read.columns[name], column)


def read_naively(text: str) -> tuple[list[str], list[list[float]]]:
    """A naive reader: csv, fromisoformat and float, row by row; sorted, the last of equal times wins."""
    rows = list(csv.reader(io.StringIO(text)))[1:]
    stored: dict[datetime, list[float]] = {}
    for row in rows:
        time = datetime.fromisoformat(row[0])
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        stored[time] = [float(cell) if cell else math.nan for cell in row[1:]]
    ordered = sorted(stored)
    stamps = [time.isoformat(timespec="milliseconds" if time.microsecond else "seconds") for time in ordered]
    return [stamp.replace("+00:00", "Z") for stamp in stamps], [stored[time] for time in ordered]


@given(st.integers(0, 2**32 - 1))
def test_the_fast_reader_equals_the_slow_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, width = int(rng.integers(2, 60)), int(rng.integers(1, 5))
    millis = rng.choice([1, 500, 1000, 60_000, 86_400_000])
    stamps = 1_700_000_000_000 + rng.integers(0, 100, n) * int(millis)
    zone = str(rng.choice(["", "Z", "+02:00", "-05:30"]))
    times = np.datetime_as_string(stamps.astype("datetime64[ms]"), unit="ms")
    lines = ["t," + ",".join(f"v{i}" for i in range(width))]
    for time in times.tolist():
        scale = 10.0 ** int(rng.integers(-20, 20))
        cells = [repr(float(rng.normal()) * scale) if rng.random() > 0.1 else "" for _ in range(width)]
        lines.append(f"{time}{zone},{','.join(cells)}")
    lines.insert(1, f"{times[0]}{zone},{','.join(['0.5'] * width)}")
    text = "\n".join(lines) + "\n"
    expected_times, expected_rows = read_naively(text)
    table = read_csv(text.encode())
    assert format_times(table.times) == expected_times
    np.testing.assert_array_equal(np.column_stack(list(table.columns.values())), expected_rows)


@given(st.binary(max_size=300) | st.text(alphabet='0123456789.,;-:/ \n\r"#TZae\t|%', max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        table = read_csv(data)
    except BadInput as error:
        assert error.message.endswith(".")
        return
    for values in table.columns.values():
        assert not np.isinf(values).any()
        assert table.times is None or len(table.times) == len(values)
    if table.times is not None:
        assert (np.diff(table.times).astype(np.int64) > 0).all()


@given(st.lists(st.integers(-(10**14), 2 * 10**14), min_size=1, unique=True))
def test_times_are_formatted_as_by_python(millis: list[int]) -> None:
    stamps = np.array(sorted(millis), dtype="datetime64[ms]")
    seconds = np.datetime_as_string(stamps, unit="s", timezone="UTC").tolist()
    milliseconds = np.datetime_as_string(stamps, unit="ms", timezone="UTC").tolist()
    expected = [f if ms % 1000 else w for w, f, ms in zip(seconds, milliseconds, sorted(millis), strict=True)]
    if min(millis) > -62_135_596_800_000:
        assert format_times(stamps) == expected
    assert format_times(stamps, as_ms=True) == sorted(millis)


@given(tables())
def test_arrays_and_files_agree(table: tuple[list[datetime], list[float | None], list[float]]) -> None:
    times, gappy, _ = table
    text = [time.isoformat() + "Z" for time in times]
    seconds = [(time - datetime(1970, 1, 1)).total_seconds() for time in times]
    by_text, by_number = read_arrays(gappy, text), read_arrays(gappy, seconds)
    assert format_times(by_text.times) == text
    assert by_text.repairs == ()
    np.testing.assert_array_equal(by_text.times, by_number.times)
    np.testing.assert_array_equal(by_text.columns["value"], np.array(gappy, dtype=float))
