"""Points and learned states as bytes: plain numbers and JSON, never a pickle."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from events.scored_points import ScoredPoints

POINT = np.dtype(
    [
        ("time", "<i8"),  # ms since 1970 UTC; the cursor in a stream that counts its points
        ("value", "<f8"),
        ("expected", "<f8"),
        ("lower", "<f8"),
        ("upper", "<f8"),
        ("score", "<f8"),
        ("is_anomaly", "u1"),
        ("judged_by", "u1"),  # its place in the stream's judges; NOBODY where no detector could tell
        ("confidence", "<f8"),
        ("late", "u1"),
    ]
)
FIRST_POINT = np.dtype(POINT.descr[:8])
"""A point without confidence and late, as schema 0001 had it; such rows stay until their points are forgotten."""
FULL_CHUNK = 4096
"""Points in one row: a page of history is one read."""

NOBODY = 255
Points = NDArray[np.void]
FLOATS, FLAGS = ("expected", "lower", "upper", "score", "confidence"), ("is_anomaly", "late")
ARRAY = "\0array"


def to_points(judged: ScoredPoints, judges: Sequence[str]) -> Points:
    """(n,) POINT of the columns; every name in `judged_by` stands in `judges`."""
    points = np.empty(len(judged), POINT)
    counted = np.arange(judged.cursor - len(judged) + 1, judged.cursor + 1)
    points["time"] = counted if judged.times is None else judged.times.astype(np.int64)
    points["value"] = judged.values
    for name in FLOATS + FLAGS:
        points[name] = getattr(judged, name)
    codes = {name: code for code, name in enumerate(judges)} | {None: NOBODY}
    points["judged_by"] = [codes[name] for name in judged.judged_by]
    return points


def from_points(points: Points, judges: Sequence[str], cursor: int, timed: bool) -> ScoredPoints:
    """The columns of stored points; `cursor` is that of the last."""
    names: dict[int, str | None] = {NOBODY: None, **dict(enumerate(judges))}
    columns: dict[str, Any] = {name: np.ascontiguousarray(points[name]) for name in FLOATS}
    columns |= {name: points[name].astype(np.bool_) for name in FLAGS}
    return ScoredPoints(
        times=points["time"].astype("datetime64[ms]") if timed else None,
        values=np.ascontiguousarray(points["value"]),
        judged_by=tuple(names[code] for code in points["judged_by"].tolist()),
        cursor=cursor,
        **columns,
    )


def packed(points: Points) -> bytes:
    """Points as a row holds them."""
    return points.tobytes()


def unpacked(data: bytes, count: int) -> Points:
    """(count,) POINT of a row, whichever version wrote it: its length tells."""
    if len(data) == count * POINT.itemsize:
        return np.frombuffer(data, POINT)
    first = np.frombuffer(data, FIRST_POINT)
    points = np.empty(len(first), POINT)
    for name in FIRST_POINT.names or ():
        points[name] = first[name]
    points["confidence"], points["late"] = np.nan, 0
    return points


def chunked(column: NDArray[Any]) -> Iterator[bytes]:
    """A column of numbers, times or flags as rows hold it: little endian, FULL_CHUNK numbers each but the last."""
    plain = np.ascontiguousarray(column)
    plain = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
    for start in range(0, len(plain), FULL_CHUNK):
        yield plain[start : start + FULL_CHUNK].tobytes()


def joined(chunks: Iterable[bytes], kind: np.dtype[Any]) -> NDArray[Any]:
    """(n,) of a kind: the column, or a run of it, that `chunked` took apart. It may be written to."""
    return np.frombuffer(bytearray().join(chunks), kind)


def pack_state(state: Mapping[str, Any]) -> bytes:
    """A detector's state as one .npz: its arrays, and the rest as JSON."""
    arrays: dict[str, NDArray[Any]] = {}

    def plain(part: Any) -> Any:
        if isinstance(part, Mapping):
            return {str(name): plain(entry) for name, entry in part.items()}
        if isinstance(part, (list, tuple)):
            return [plain(entry) for entry in part]
        if isinstance(part, np.generic):
            return part.item()
        if isinstance(part, np.ndarray):
            arrays[f"a{len(arrays)}"] = part
            return {ARRAY: f"a{len(arrays) - 1}"}
        return part

    text = json.dumps(plain(state)).encode()
    file = io.BytesIO()
    np.savez(file, json=np.frombuffer(text, np.uint8), **arrays)  # type: ignore[arg-type]  # its stubs mistake names
    return file.getvalue()


def unpack_state(data: bytes) -> dict[str, Any]:
    """The state that `pack_state` packed."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}

    def whole(part: dict[str, Any]) -> Any:
        return arrays[part[ARRAY]] if ARRAY in part else part

    state: dict[str, Any] = json.loads(arrays["json"].tobytes(), object_hook=whole)
    return state
