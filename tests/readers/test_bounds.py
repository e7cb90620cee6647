"""Hostile and huge input is refused fast with flat memory; ordinary input stays within ten times the file."""

import gzip
import io
import time
import tracemalloc
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from errors import BadInput, LimitExceeded, Unreadable
from readers import read_arrays, read_csv
from readers.field_index import FieldIndex, Ints, index_fields
from readers.number_columns import _cell_by_cell, read_numbers
from timeseries import Limits

MIB = 2**20
LIMITS = Limits(max_bytes=8 * MIB)


def _cost(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor time, and peak memory in MiB."""
    tracemalloc.start()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start, tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.csv", data)
    return out.getvalue()


def _many_files() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for i in range(5_000):
            archive.writestr(str(i), b"")
    return out.getvalue()


HOSTILE: dict[str, tuple[bytes, type[BadInput], float]] = {
    "a gzip bomb": (gzip.compress(b"\0" * (200 * MIB)), LimitExceeded, 20),
    "a zip bomb": (_zip(b"1\n" * (50 * MIB)), LimitExceeded, 20),
    "a zip of many files": (_many_files(), Unreadable, 1),
    "one line without an end": (b"1" * (8 * MIB), Unreadable, 2),
    "one endless later line": (b"a,b\n1,2\n" + b"1" * (7 * MIB) + b",2\n" + b"4,5\n" * 3, Unreadable, 80),
    "nothing but NULs": (bytes(8 * MIB), Unreadable, 1),
    "100,000 columns": (b",".join([b"1"] * 100_000) + b"\n", LimitExceeded, 2),
    "100,000 columns late": (b"a,b\n" + b"1,2\n" * 1000 + b"," * 7_000_000, LimitExceeded, 64),
    "nothing but newlines": (b"1" + b"\n" * (8 * MIB - 1), LimitExceeded, 20),
    "nothing but quotes": (b'"' * (8 * MIB - 1), Unreadable, 2),
    "quotes in lines": (b'"\n' * (2 * MIB), Unreadable, 120),
    "nothing but blanks": (b" " * (8 * MIB), Unreadable, 20),
    "commas after a quote": (b"a,b\n" + b"1,2\n" * 100 + b'"x"' + b"," * 300_000 + b"\n", LimitExceeded, 4),
    "endless commas after a quote": (b"a,b\n1,2\n" + (b'"x"' + b"," * 2_000_000 + b"\n") * 3, LimitExceeded, 20),
    "many commas after quotes": (b"a,b\n1,2\n" + (b'"x"' + b"," * 900_000 + b"\n") * 8, LimitExceeded, 64),
    "a late line of quotes": (b"v\n" + b'"' * (8 * MIB - 3) + b"\n", Unreadable, 12),
    "blanks around a cell": (b"a,b\n1,2\n3," + b" " * (7 * MIB) + b"x\n3,y\n" + b"4,5\n" * 9, Unreadable, 80),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_refused_fast_with_flat_memory(name: str) -> None:
    data, error, max_mib = HOSTILE[name]

    def work() -> None:
        with pytest.raises(error) as raised:
            read_csv(data, limits=LIMITS)
        assert len(raised.value.message) < 400

    seconds, peak = _cost(work)
    assert peak < max_mib
    assert seconds < 15


def test_every_limit_names_its_setting() -> None:
    tight = {
        "max_bytes": (b"v\n1\n2\n3\n", Limits(max_bytes=5)),
        "max_rows": (b"v\n1\n2\n3\n", Limits(max_rows=2)),
        "max_columns": (b"a,b\n1,2\n3,5\n", Limits(max_columns=1)),
        "max_name_length": (b"ab,b\n1,2\n3,5\n", Limits(max_name_length=1)),
    }
    for setting, (data, limits) in tight.items():
        with pytest.raises(LimitExceeded) as raised:
            read_csv(data, limits=limits)
        assert raised.value.detail["setting"] == setting
        assert raised.value.detail["limit"] == getattr(limits, setting)


def test_just_within_every_limit_is_read() -> None:
    data = b"ab,cd\n1,2\n3,5\n"
    table = read_csv(data, limits=Limits(max_bytes=len(data), max_rows=2, max_columns=2, max_name_length=2))
    assert list(table.columns) == ["ab", "cd"]


@pytest.mark.parametrize("shape", ["two columns", "wide", "one narrow column", "decimal commas", "quoted"])
def test_memory_stays_within_ten_times_the_file(shape: str) -> None:
    rng = np.random.default_rng(0)
    times = np.datetime_as_string(np.datetime64("2026-01-01", "s") + np.arange(50_000)).tolist()
    values = rng.normal(50, 10, 50_000).round(3).tolist()
    lines = {
        "two columns": [f"{t},{v}" for t, v in zip(times, values, strict=True)],
        "wide": [",".join(map(str, values[i : i + 200])) for i in range(0, 40_000, 40)],
        "one narrow column": [str(int(v) % 10) for v in values] * 10,
        "decimal commas": [f"{t};{v}".replace(".", ",") for t, v in zip(times, values, strict=True)],
        "quoted": [f'"{t}","{v}"' for t, v in zip(times, values, strict=True)],
    }[shape]
    data = "\n".join(lines).encode()
    read_csv(data[: data.index(b"\n", 5_000)])  # imports and caches
    _, peak = _cost(lambda: read_csv(data))
    max_factor = 24 if shape == "one narrow column" else 10  # two bytes a row: its positions and its number weigh more
    assert peak * MIB < max_factor * len(data)


@pytest.mark.parametrize("block_records", [1, 3, 7])
def test_the_block_size_does_not_change_the_table(monkeypatch: pytest.MonkeyPatch, block_records: int) -> None:
    rows = [f'"2026-01-{k:02}", {k}.5 ,#N/A,{"x" * k}' for k in range(1, 20)]
    rows[3:3] = ["# said", "", "  "]
    rows[9:9] = ["#more", "2026-02-01,7"]
    for data in ("\n".join(["when,v,w,t", *rows]), "v\n1\n\n23\n# no\n\n456\n\n", "1\n" * 10):
        complete = read_csv(data.encode())
        with monkeypatch.context() as patched:
            patched.setattr("readers.field_index.BLOCK_RECORDS", block_records)
            parts = read_csv(data.encode())
        assert parts.repairs == complete.repairs
        assert list(parts.columns) == list(complete.columns)
        np.testing.assert_array_equal(parts.times, complete.times)
        for name, column in complete.columns.items():
            np.testing.assert_array_equal(parts.columns[name], column)


def test_a_slow_column_is_read_in_linear_time() -> None:
    """100,000 units, dates with names of months and broken cells, parsed cell by cell."""
    rows = "".join(f"{i % 28 + 1} Mar 2026 10:{i % 60:02}:{i % 60:02},{i} kW,{i}.{i % 7} x{i}\n" for i in range(50_000))
    seconds, _ = _cost(lambda: read_csv(b"when,load,odd\n" + rows.encode()))
    assert seconds < 30


def test_arrays_are_bounded() -> None:
    with pytest.raises(LimitExceeded) as raised:
        read_arrays([1.0, 2.0, 3.0], limits=Limits(max_rows=2))
    assert raised.value.detail == {"limit": 2, "setting": "max_rows"}
    with pytest.raises(LimitExceeded):
        read_arrays([1.0], name="x" * 201)


def test_a_quoted_line_over_the_limit_is_named() -> None:
    with pytest.raises(LimitExceeded) as raised:
        read_csv(b"a,b\n1,2\n" + b'"x, y"' + b"," * 1000 + b"\n3,4\n")
    assert raised.value.detail == {"limit": 1000, "setting": "max_columns", "line": 3}
    assert "Line 3 has 1001 fields" in raised.value.message


def test_delimiters_in_quotes_do_not_separate_fields() -> None:
    text = b'"' + b"x," * 2000 + b'"'
    assert len(read_csv(b"v,note\n1," + text + b"\n2,b\n3,c\n").columns) == 1


def test_surplus_fields_are_read_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row of 900 fields must not make 900 passes over the thousands that have three."""
    fields_read = 0
    bounds = FieldIndex.bounds

    def counted(grid: FieldIndex, column: int) -> tuple[Ints, Ints]:
        nonlocal fields_read
        fields_read += len(grid)
        return bounds(grid, column)

    monkeypatch.setattr(FieldIndex, "bounds", counted)
    read_csv(b"a,b\n" + b"1,2\n" * 4000 + b"1,2,\n" * 3000 + b"1,2" + b"," * 900 + b"\n")
    assert fields_read < 10 * 7000


def test_a_row_is_cut_out_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = index_fields(b",".join(b' "%d" ' % i for i in range(900)) + b"\n", ",", Limits())
    calls = 0
    trim = FieldIndex._strip_blanks

    def counted(grid: FieldIndex, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
        nonlocal calls
        calls += 1
        return trim(grid, start, stop)

    monkeypatch.setattr(FieldIndex, "_strip_blanks", counted)
    assert grid.row(0) == [b"%d" % i for i in range(900)]
    assert calls == 2  # around and inside the quotes


def test_only_rows_that_begin_like_the_header_are_compared_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 0
    row = FieldIndex.row

    def counted(grid: FieldIndex, record: int) -> list[bytes]:
        nonlocal rows
        rows += 1
        return row(grid, record)

    monkeypatch.setattr(FieldIndex, "row", counted)
    good = [b"2026-03-01T%02d:%02d:00Z,1\n" % divmod(i, 60) for i in range(1000)]
    data = b"time,v\n" + b"".join([*good[:500], *[b"soon,1\n"] * 300, b"time,v\n", *good[500:]])
    with pytest.raises(Unreadable, match="soon"):
        read_csv(data)
    assert rows < 200


@pytest.mark.parametrize("cell", [b"%d%%", b"%d.5 kW", b"-%d,25\xc2\xb0C", b"%de"])
def test_a_column_with_one_unit_is_not_parsed_cell_by_cell(monkeypatch: pytest.MonkeyPatch, cell: bytes) -> None:
    text = np.array([*(cell % i for i in range(300)), b"", b"NA"])
    slow = _cell_by_cell(text, ";", None)
    monkeypatch.setattr("readers.number_columns._cell_by_cell", None)
    fast = read_numbers(text, delimiter=";")
    np.testing.assert_array_equal(fast.values, slow.values)
    assert fast.units == slow.units
    assert fast.stripped.tolist() == slow.stripped.tolist() == list(range(300))


@pytest.mark.parametrize("cells", [[b"1%", b"2"], [b"1n", b"nan"], [b"1n", b"nann"], [b"1%", b"2%%"], [b"1%", b"2kW"]])
def test_a_mixed_column_is_parsed_cell_by_cell(cells: list[bytes]) -> None:
    text = np.array(cells)
    parsed, slow = read_numbers(text), _cell_by_cell(text, ",", None)
    np.testing.assert_array_equal(parsed.values, slow.values)
    assert (parsed.units, parsed.bad.tolist()) == (slow.units, slow.bad.tolist())
