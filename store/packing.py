"""Points and learned states as bytes: plain numbers and JSON, never a pickle."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judged import Judged

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
    ]
)
NOBODY = 255
Points = NDArray[np.void]
COLUMNS = ("expected", "lower", "upper", "score", "is_anomaly")
ARRAY = "\0array"


def to_points(judged: Judged, judges: Sequence[str]) -> Points:
    """(n,) POINT of the columns; every name in `judged_by` stands in `judges`."""
    points = np.empty(len(judged), POINT)
    counted = np.arange(judged.cursor - len(judged) + 1, judged.cursor + 1)
    points["time"] = counted if judged.times is None else judged.times.astype(np.int64)
    points["value"] = judged.values
    for name in COLUMNS:
        points[name] = getattr(judged, name)
    codes = {name: code for code, name in enumerate(judges)} | {None: NOBODY}
    points["judged_by"] = [codes[name] for name in judged.judged_by]
    return points


def from_points(points: Points, judges: Sequence[str], cursor: int, timed: bool) -> Judged:
    """The columns of stored points; `cursor` is that of the last."""
    names: dict[int, str | None] = {NOBODY: None, **dict(enumerate(judges))}
    expected, lower, upper, score = (np.ascontiguousarray(points[name]) for name in COLUMNS[:-1])
    return Judged(
        times=points["time"].astype("datetime64[ms]") if timed else None,
        values=np.ascontiguousarray(points["value"]),
        expected=expected,
        lower=lower,
        upper=upper,
        score=score,
        is_anomaly=points["is_anomaly"].astype(np.bool_),
        judged_by=tuple(names[code] for code in points["judged_by"].tolist()),
        cursor=cursor,
    )


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
