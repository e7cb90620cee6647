"""Epochs to integer microseconds and the nanoseconds beyond them.

A float64 holds the microseconds of a current epoch, not its nanoseconds; those are read from the digits.
"""

from collections.abc import Sequence

import numpy as np

from readers.field_index import Bools, Ints, Text
from timeseries.series import Floats

_NANO_PLACES = {"seconds": 9, "milliseconds": 6, "microseconds": 3, "nanoseconds": 0}
"""Decimal places down to the nanosecond."""

MAX_MICROS_BYTES = 17
"""Bytes of an epoch with microseconds, as `1772323200.123456`; longer ones may be finer."""

_INT64_MICROS = 9_000_000_000_000_000
"""Microseconds below which an int64 holds the nanoseconds."""


def from_text(text: Text, unit: str, micros: Ints, wrong: Bools) -> tuple[Ints, Ints]:
    """Return (n,) microseconds and (n,) nanoseconds beyond them, 0 to 999, of cells that are `micros` as floats.

    Cells that are `wrong`, or are not written like `1772323200.5`, are left unchanged.
    """
    nanos = np.zeros(len(text), np.int64)
    if text.dtype.itemsize <= MAX_MICROS_BYTES:
        return micros, nanos
    fits = unit == "nanoseconds" and not wrong.any() and int(micros.max(initial=0)) < _INT64_MICROS
    if fits and np.strings.isdigit(text).all():
        micros, nanos = np.divmod(text.astype(np.int64), 1000)
        return micros, nanos
    micros, places = micros.copy(), _NANO_PLACES[unit]
    for position in np.flatnonzero(~wrong & (np.strings.str_len(text) > MAX_MICROS_BYTES)).tolist():
        integer, _, part = text[position].replace(b",", b".", 1).partition(b".")
        if (integer + part).isdigit():
            count = int(integer + part[:places].ljust(places, b"0"))
            beyond = bool(part[places:].strip(b"0"))
            micros[position], nanos[position] = count // 1000, max(count % 1000, beyond)
    return micros, nanos


def from_integers(epochs: Sequence[int], unit: str) -> tuple[Ints, Ints] | None:
    """Return the same for integer nanoseconds; None for another unit or beyond an int64."""
    if unit != "nanoseconds" or max(map(abs, epochs), default=0) >= _INT64_MICROS * 1000:
        return None
    micros, nanos = np.divmod(np.array(epochs, np.int64), 1000)
    return micros, nanos


def from_floats(epochs: Floats, unit: str, factor: float) -> tuple[Floats, Ints]:
    """Return (n,) integer microseconds and (n,) nanoseconds beyond them; `factor` is the microseconds in the unit.

    A number with at most six decimals of a second is the float nearest to its microseconds; any other is finer.
    """
    if unit == "nanoseconds":
        return np.floor_divide(epochs, 1000), np.minimum(np.ceil(np.mod(epochs, 1000)), 999).astype(np.int64)
    scaled = epochs * factor
    micros = np.rint(scaled)
    finer = micros / factor != epochs
    micros = np.where(finer, np.floor(scaled), micros)
    beyond = np.clip(np.rint((scaled - micros) * 1000), 1, 999)
    return micros, np.where(finer, beyond, 0).astype(np.int64)
