"""Numbers since 1970 to whole microseconds and the nanoseconds beyond them.

A float64 holds the microseconds of an epoch of these times, not its nanoseconds; those are read from the digits.
"""

from collections.abc import Sequence

import numpy as np

from readers.field_index import Bools, Ints, Text
from timeseries.series import Floats

_NANO_PLACES = {"seconds": 9, "milliseconds": 6, "microseconds": 3, "nanoseconds": 0}
"""Places behind the decimal point down to the nanosecond."""

_WHOLE_MICROS = 17
"""Bytes of an epoch down to the microsecond, as `1772323200.123456`; longer ones may be finer."""

_INT64_MICROS = 9_000_000_000_000_000
"""Microseconds whose nanoseconds an int64 holds."""


def from_text(text: Text, unit: str, micros: Ints, wrong: Bools) -> tuple[Ints, Ints]:
    """(n,) microseconds and (n,) nanoseconds beyond them, 0 to 999, of cells that as floats make `micros`.

    Cells that are `wrong`, or are written in another way than `1772323200.5`, keep theirs.
    """
    nanos = np.zeros(len(text), np.int64)
    if text.dtype.itemsize <= _WHOLE_MICROS:
        return micros, nanos
    fits = unit == "nanoseconds" and not wrong.any() and int(micros.max(initial=0)) < _INT64_MICROS
    if fits and np.strings.isdigit(text).all():
        micros, nanos = np.divmod(text.astype(np.int64), 1000)
        return micros, nanos
    micros, places = micros.copy(), _NANO_PLACES[unit]
    for position in np.flatnonzero(~wrong & (np.strings.str_len(text) > _WHOLE_MICROS)).tolist():
        whole, _, part = text[position].replace(b",", b".", 1).partition(b".")
        if (whole + part).isdigit():
            count = int(whole + part[:places].ljust(places, b"0"))
            beyond = bool(part[places:].strip(b"0"))
            micros[position], nanos[position] = count // 1000, max(count % 1000, beyond)
    return micros, nanos


def from_integers(epochs: Sequence[int], unit: str) -> tuple[Ints, Ints] | None:
    """The same of whole nanoseconds; None where they are something else, or too many for an int64."""
    if unit != "nanoseconds" or max(map(abs, epochs), default=0) >= _INT64_MICROS * 1000:
        return None
    micros, nanos = np.divmod(np.array(epochs, np.int64), 1000)
    return micros, nanos


def from_floats(epochs: Floats, unit: str, factor: float) -> tuple[Floats, Ints]:
    """(n,) whole microseconds and (n,) nanoseconds beyond them of numbers with `factor` microseconds in their unit.

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
