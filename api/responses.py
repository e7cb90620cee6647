"""From values to bytes: JSON, CSV, and files that are sent in pieces."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import Any

import msgspec
import numpy as np
import orjson
from flask import Response, request
from numpy.typing import NDArray
from werkzeug.wsgi import wrap_file

from anomaly_detection import Detection
from data_generation import Demo
from store import DiskFull
from timeseries import Bools, Floats, Table, Times, escape_formula, format_times

ROWS_PER_PIECE = 4096
"""Rows of a file that are written together: other requests get responses between two such pieces."""
MAX_BYTES_IN_MEMORY = 1024 * 1024
"""Largest CSV response held in memory; a longer one is put on the disk."""
DETECTION_COLUMNS = ("time", "value", "expected", "lower", "upper", "score", "is_anomaly")
DEMO_COLUMNS = ("time", "value", "label")


def encode_json(value: Any) -> bytes:
    """Strict JSON in UTF-8 of structs, dicts, lists and numpy arrays; numbers that are not finite become null."""
    return orjson.dumps(value, default=_encodable, option=orjson.OPT_SERIALIZE_NUMPY)


def _encodable(value: Any) -> Any:
    """A struct as a dict of the fields that are set, and an array as a contiguous one, for orjson."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.asdict(value)
        return {name: field for name, field in fields.items() if field is not msgspec.UNSET}
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def json_response(value: Any, status: int = 200) -> Response:
    """A response in JSON."""
    response = Response(encode_json(value), status, mimetype="application/json")
    response.vary.add("Accept")
    return response


def csv_response(pieces: Iterable[bytes], name: str) -> Response:
    """A response in CSV, which a browser saves under this name. Raises DiskFull."""
    response = file_response(pieces, "text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.vary.add("Accept")
    return response


def file_response(pieces: Iterable[bytes], mimetype: str) -> Response:
    """A response of a file. A long one is spooled to the disk, so that slow clients hold neither memory nor a thread.
    Raises DiskFull."""
    with ExitStack() as unless_sent:
        file = unless_sent.enter_context(SpooledTemporaryFile(max_size=MAX_BYTES_IN_MEMORY))
        try:
            for piece in pieces:  # writelines() would check the size only once, after the last
                file.write(piece)
        except OSError as error:
            raise DiskFull(f"a file to be sent cannot be written: {error.strerror}") from error
        length = file.tell()
        file.seek(0)
        if length <= MAX_BYTES_IN_MEMORY:
            return Response(file.read(), mimetype=mimetype)
        unless_sent.pop_all()  # whoever sends it closes it
        response = Response(wrap_file(request.environ, file), mimetype=mimetype, direct_passthrough=True)
        response.content_length = length
        return response


def detection_csv(detection: Detection, *, as_ms: bool = False) -> Iterator[bytes]:
    """`time,value,expected,lower,upper,score,is_anomaly`; an unknown number is an empty field, a flag 1 or 0.

    In pieces of at most ROWS_PER_PIECE rows, as the other files."""
    scored = (detection.expected, *detection.band, detection.score, detection.is_anomaly)
    return _csv(DETECTION_COLUMNS, detection.series.times, (detection.series.values, *scored), as_ms)


def demo_csv(demo: Demo, *, as_ms: bool = False) -> Iterator[bytes]:
    """`time,value,label`: a file that can be uploaded again."""
    return _csv(DEMO_COLUMNS, demo.series.times, (demo.series.values, demo.labels), as_ms)


def table_csv(table: Table, *, as_ms: bool = False) -> Iterator[bytes]:
    """A table as a file that is parsed as the same table. A missing value is an empty field; without times it is `nan`,
    for an empty line would be no row."""
    names = [*([] if table.times is None else [_time_name(table)]), *table.columns]
    yield ",".join(map(_quoted, names)).encode() + b"\n"
    missing = b"nan" if table.times is None else b""
    for start in range(0, len(table.series()), ROWS_PER_PIECE):
        rows = slice(start, start + ROWS_PER_PIECE)
        times = None if table.times is None else table.times[rows]
        yield _rows(times, [column[rows] for column in table.columns.values()], as_ms, missing)


def _time_name(table: Table) -> str:
    """The name of the column of times: its own, or else one that no other column has."""
    numbered = (f"time_{count}" for count in itertools.count(2))
    names = itertools.chain((table.time_column or "time", "time", "timestamp"), numbered)
    return next(name for name in names if name not in table.columns)


def _quoted(name: str) -> str:
    """A name as the head of a CSV file has it, never one that a spreadsheet computes."""
    name = escape_formula(name)
    return '"' + name.replace('"', '""') + '"' if re.search(r"""[,;\t|"'\s]""", name) or not name else name


def _csv(
    names: tuple[str, ...], times: Times | None, columns: tuple[Floats | Bools, ...], as_ms: bool
) -> Iterator[bytes]:
    """The names, then rows of numbers; in a series without times the first column is the position."""
    yield ",".join(names).encode() + b"\n"
    for start in range(0, len(columns[0]), ROWS_PER_PIECE):
        parts = [column[start : start + ROWS_PER_PIECE] for column in columns]
        if times is None:
            yield _rows(None, [np.arange(start, start + len(parts[0])), *parts], as_ms)
        else:
            yield _rows(times[start : start + ROWS_PER_PIECE], parts, as_ms)


def _rows(times: Times | None, columns: Sequence[NDArray[Any]], as_ms: bool, missing: bytes = b"") -> bytes:
    """Lines of numbers. orjson writes a million shortest exact floats in a tenth of the time of `repr`."""
    stamps = format_times(times, as_ms=as_ms)
    fields = [] if stamps is None else [[str(stamp).encode() for stamp in stamps]]
    fields += [_fields(column, missing) for column in columns]
    return b"\n".join([*map(b",".join, zip(*fields, strict=True)), b""])


def _fields(column: NDArray[Any], missing: bytes = b"") -> list[bytes]:
    """Each number of a column as text; NaN is `missing`."""
    if not column.size:
        return []
    numbers = column.astype(np.uint8) if column.dtype == np.bool_ else column
    text = orjson.dumps(np.ascontiguousarray(numbers), option=orjson.OPT_SERIALIZE_NUMPY)
    return text[1:-1].replace(b"null", missing).split(b",")
