"""Points, columns and detector states as bytes: plain numbers and JSON, never a pickle."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from events.scored_points import ScoredPoints

POINT = np.dtype(
    [
        ("time", "<i8"),  # ms since 1970 UTC; the cursor in a stream whose points have no times
        ("value", "<f8"),
        ("expected", "<f8"),
        ("lower", "<f8"),
        ("upper", "<f8"),
        ("score", "<f8"),
        ("is_anomaly", "u1"),
        ("judged_by", "u1"),  # index in the stream's detector names; NO_DETECTOR where none could score it
        ("confidence", "<f8"),
        ("late", "u1"),
    ]
)
POINT_V1 = np.dtype(POINT.descr[:8])
"""A point of schema 0001, without confidence and late; such rows stay until their points are deleted."""
CHUNK_POINTS = 4096
"""Points in one row: a page of history is one read."""

NO_DETECTOR = 255
Points = NDArray[np.void]
FLOAT_FIELDS = ("expected", "lower", "upper", "score", "confidence")
FLAG_FIELDS = ("is_anomaly", "late")
ARRAY_KEY = "\0array"
"""In the JSON of a state, the key of an object that stands for an array of the .npz file."""


def to_points(scored: ScoredPoints, detector_names: Sequence[str]) -> Points:
    """(n,) POINT of the columns; `detector_names` contains every name in `judged_by`."""
    points = np.empty(len(scored), POINT)
    cursors = np.arange(scored.cursor - len(scored) + 1, scored.cursor + 1)
    points["time"] = cursors if scored.times is None else scored.times.astype(np.int64)
    points["value"] = scored.values
    for name in FLOAT_FIELDS + FLAG_FIELDS:
        points[name] = getattr(scored, name)
    codes = {name: code for code, name in enumerate(detector_names)} | {None: NO_DETECTOR}
    points["judged_by"] = [codes[name] for name in scored.judged_by]
    return points


def from_points(points: Points, detector_names: Sequence[str], cursor: int, timed: bool) -> ScoredPoints:
    """The columns of stored points; `cursor` is that of the last one."""
    names: dict[int, str | None] = {NO_DETECTOR: None, **dict(enumerate(detector_names))}
    columns: dict[str, Any] = {name: np.ascontiguousarray(points[name]) for name in FLOAT_FIELDS}
    columns |= {name: points[name].astype(np.bool_) for name in FLAG_FIELDS}
    return ScoredPoints(
        times=points["time"].astype("datetime64[ms]") if timed else None,
        values=np.ascontiguousarray(points["value"]),
        judged_by=tuple(names[code] for code in points["judged_by"].tolist()),
        cursor=cursor,
        **columns,
    )


def encode_points(points: Points) -> bytes:
    """Points as a row stores them."""
    return points.tobytes()


def decode_points(data: bytes, count: int) -> Points:
    """(count,) POINT of a row; its length identifies the version that wrote it."""
    if len(data) == count * POINT.itemsize:
        return np.frombuffer(data, POINT)
    old = np.frombuffer(data, POINT_V1)
    points = np.empty(len(old), POINT)
    for name in POINT_V1.names or ():
        points[name] = old[name]
    points["confidence"] = np.nan
    points["late"] = 0
    return points


def encode_column(column: NDArray[Any]) -> Iterator[bytes]:
    """A column as rows store it: little endian, CHUNK_POINTS values each except the last."""
    contiguous = np.ascontiguousarray(column)
    contiguous = contiguous.astype(contiguous.dtype.newbyteorder("<"), copy=False)
    for start in range(0, len(contiguous), CHUNK_POINTS):
        yield contiguous[start : start + CHUNK_POINTS].tobytes()


def decode_column(chunks: Iterable[bytes], dtype: np.dtype[Any]) -> NDArray[Any]:
    """(n,) the column, or consecutive chunks of it, that `encode_column` encoded. Writable."""
    return np.frombuffer(bytearray().join(chunks), dtype)


def pack_state(state: Mapping[str, Any]) -> bytes:
    """A detector's state as one .npz file: its arrays, and everything else as JSON."""
    arrays: dict[str, NDArray[Any]] = {}

    def encode(part: Any) -> Any:
        if isinstance(part, Mapping):
            return {str(name): encode(entry) for name, entry in part.items()}
        if isinstance(part, (list, tuple)):
            return [encode(entry) for entry in part]
        if isinstance(part, np.generic):
            return part.item()
        if isinstance(part, np.ndarray):
            arrays[f"a{len(arrays)}"] = part
            return {ARRAY_KEY: f"a{len(arrays) - 1}"}
        return part

    text = json.dumps(encode(state)).encode()
    file = io.BytesIO()
    np.savez(file, json=np.frombuffer(text, np.uint8), **arrays)  # type: ignore[arg-type]  # its stubs mistake names
    return file.getvalue()


def unpack_state(data: bytes) -> dict[str, Any]:
    """The state that `pack_state` packed."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}

    def decode(part: dict[str, Any]) -> Any:
        return arrays[part[ARRAY_KEY]] if ARRAY_KEY in part else part

    state: dict[str, Any] = json.loads(arrays["json"].tobytes(), object_hook=decode)
    return state
