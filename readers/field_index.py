"""An index of where every field of a text table starts and ends, built with a few passes over the bytes.

Fields stay bytes in one buffer; a column is copied out of it only when it is read. A clean file of a million rows takes
under half a second and a few times its size in memory (`./run bench reader`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from errors import LimitExceeded, Unreadable
from timeseries.table import Limits

Ints = NDArray[np.signedinteger[Any]]
Bools = NDArray[np.bool_]
Text = NDArray[np.bytes_]

MAX_FIELD_BYTES = 64
"""Longest field, in bytes, that can be a number or a time; `FieldIndex.column` cuts longer ones one byte later."""

BLOCK_RECORDS = 1 << 17
"""Records processed together, so that intermediate arrays do not grow with the file."""

MAX_ROW_FIELD_BYTES = 1 << 16
MAX_LINE_BYTES = 1 << 20
_NEWLINE, _QUOTE = 10, 34
_IS_SPACE = np.isin(np.arange(256), [9, 32])


@dataclass(frozen=True, eq=False)
class FieldIndex:
    """Records of fields.

    buffer      (b,) uint8, the text, ending with a newline
    separators  (s,) positions of the delimiters and newlines that end a field
    first       (r,) index into `separators` of the end of each record's first field
    count       (r,) fields of each record
    quoted      whether fields may stand in double quotes
    """

    buffer: NDArray[np.uint8]
    separators: Ints
    first: Ints
    count: Ints
    quoted: bool

    def __len__(self) -> int:
        return len(self.first)

    def select(self, rows_or_flags: Bools | Ints | slice) -> "FieldIndex":
        """Return the index of some records."""
        return replace(self, first=self.first[rows_or_flags], count=self.count[rows_or_flags])

    def blocks(self) -> Iterator[tuple[slice, "FieldIndex"]]:
        """Yield BLOCK_RECORDS records at a time with their positions; one empty block where there are none."""
        for start in range(0, max(len(self), 1), BLOCK_RECORDS):
            here = slice(start, start + BLOCK_RECORDS)
            yield here, self.select(here)

    def lines(self, records: Ints | list[int]) -> list[int]:
        """Return the line numbers, counted from 1, of the first five of these records."""
        starts = self._starts(self.first[np.asarray(records[:5], dtype=np.int64)])
        return [int(np.count_nonzero(self.buffer[:start] == _NEWLINE)) + 1 for start in starts.tolist()]

    def line(self, record: int) -> int:
        """Return the line number of one record."""
        return self.lines([record])[0]

    def bounds(self, column: int) -> tuple[Ints, Ints]:
        """Return (r,) starts and (r,) stops in the buffer, without surrounding blanks and quotes; equal if absent."""
        at = np.minimum(self.first + column, len(self.separators) - 1)
        start, stop = self._starts(at), self.separators[at]
        absent = self.count <= column
        if absent.any():
            start = np.where(absent, stop, start)
        return self._strip(start, stop)

    def column(self, column: int) -> Text:
        """Return (r,) the fields of a column as bytes, cut after MAX_FIELD_BYTES + 1 bytes."""
        parts = [cut_fields(self.buffer, *some.bounds(column)) for _, some in self.blocks()]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def row(self, record: int) -> list[bytes]:
        """Return the fields of one record, each cut after MAX_ROW_FIELD_BYTES."""
        at = int(self.first[record]) + np.arange(int(self.count[record]))
        start, stop = self._strip(self._starts(at), self.separators[at])
        stop = np.minimum(stop, start + MAX_ROW_FIELD_BYTES)
        return [bytes(self.buffer[a:b]) for a, b in zip(start.tolist(), stop.tolist(), strict=True)]

    def _starts(self, at: Ints) -> Ints:
        return np.where(at > 0, self.separators[at - 1] + 1, 0)

    def _strip(self, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
        """Strip surrounding blanks and quotes."""
        start, stop = self._strip_blanks(start, stop)
        if self.quoted:
            both = (stop - start >= 2) & (self.buffer[start] == _QUOTE) & (self.buffer[stop - 1] == _QUOTE)
            start, stop = self._strip_blanks(start + both, stop - both)
        return start, stop

    def _strip_blanks(self, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
        """Strip at most MAX_FIELD_BYTES blanks at both ends, so that a long field of blanks stays quick."""
        for _ in range(MAX_FIELD_BYTES):
            blank = (start < stop) & _IS_SPACE[self.buffer[start]]
            if not blank.any():
                break
            start = start + blank
        for _ in range(MAX_FIELD_BYTES):
            blank = (start < stop) & _IS_SPACE[self.buffer[stop - 1]]
            if not blank.any():
                break
            stop = stop - blank
        return start, stop


def cut_fields(buffer: NDArray[np.uint8], start: Ints, stop: Ints) -> Text:
    """Return (n,) the bytes between starts and stops, cut after MAX_FIELD_BYTES + 1 bytes."""
    length = np.minimum(stop - start, MAX_FIELD_BYTES + 1)
    width = max(int(length.max(initial=0)), 1)
    inner = np.minimum(start, len(buffer) - width)  # a window past the end is shifted back
    out = np.lib.stride_tricks.sliding_window_view(buffer, width)[inner]
    for at in np.flatnonzero(inner != start).tolist():
        out[at, : length[at]] = buffer[start[at] : start[at] + length[at]]
    if int(length.min(initial=width)) < width:
        out[np.arange(width) >= length[:, None]] = 0
    return out.view(f"S{width}").ravel()


def index_fields(text: bytes, delimiter: str, limits: Limits) -> FieldIndex:
    """Return the index of a text with `\\n` line ends.

    Raises LimitExceeded for too many rows or columns, and Unreadable for a line longer than 1 MiB or a quote that is
    never closed; all before anything of the size of the table is allocated.
    """
    if not text.endswith(b"\n"):
        text += b"\n"
    if text.count(b"\n") > limits.max_rows + 1_000:
        raise LimitExceeded(
            f"The file has more than {limits.max_rows} rows; send a part of it, or every other row.",
            limit=limits.max_rows,
            setting="max_rows",
        )
    buffer = np.frombuffer(text, np.uint8)
    _check_lengths(text, buffer, ord(delimiter), limits)
    newlines = buffer == _NEWLINE
    ends = (buffer == ord(delimiter)) | newlines
    quoted = b'"' in text
    if quoted:
        ends &= ~_inside_quotes(buffer, ends)
        newlines &= ends
    _check_widths(text, ends, newlines, limits)
    del newlines
    # int32 halves the memory: a row of one number takes three of them.
    small: type[np.signedinteger[Any]] = np.int32 if len(buffer) < 2**31 else np.int64
    separators = np.flatnonzero(ends).astype(small)
    last = np.flatnonzero(buffer[separators] == _NEWLINE).astype(small)
    first = np.concatenate((np.zeros(1, small), last[:-1] + 1))
    return FieldIndex(buffer, separators, first, last - first + 1, quoted)


def _check_lengths(text: bytes, buffer: NDArray[np.uint8], delimiter: int, limits: Limits) -> None:
    """Refuse a line longer than 1 MiB: for too many fields, else for its length."""
    start = 0
    while len(text) - start > MAX_LINE_BYTES:
        newline = text.rfind(b"\n", start, start + MAX_LINE_BYTES + 1)
        if newline >= 0:
            start = newline + 1
            continue
        head = buffer[start : start + MAX_LINE_BYTES]
        outside = np.cumsum(head == _QUOTE, dtype=np.uint8) & 1 == 0
        fields = int(np.count_nonzero((head == delimiter) & outside))
        if fields >= limits.max_columns:
            raise _too_wide(text, start, f"at least {fields + 1}", limits)
        line = text.count(b"\n", 0, start) + 1
        raise Unreadable(f"Line {line} is longer than {MAX_LINE_BYTES} bytes; this is not a table of rows.", line=line)


def _check_widths(text: bytes, ends: Bools, newlines: Bools, limits: Limits) -> None:
    """Refuse a record with too many fields; only records with as many bytes can have them."""
    if np.count_nonzero(ends) <= limits.max_columns:
        return
    stops = np.flatnonzero(newlines)
    starts = np.concatenate(([0], stops[:-1] + 1))
    long = stops - starts >= limits.max_columns
    for start, stop in zip(starts[long].tolist(), stops[long].tolist(), strict=True):
        fields = int(np.count_nonzero(ends[start:stop]))
        if fields >= limits.max_columns:
            raise _too_wide(text, start, str(fields + 1), limits)


def _too_wide(text: bytes, start: int, fields: str, limits: Limits) -> LimitExceeded:
    line = text.count(b"\n", 0, start) + 1
    return LimitExceeded(
        f"Line {line} has {fields} fields, more than the {limits.max_columns} columns allowed.",
        limit=limits.max_columns,
        setting="max_columns",
        line=line,
    )


def _inside_quotes(buffer: NDArray[np.uint8], ends: Bools) -> Bools:
    """Return (b,) true between an opening and its closing double quote.

    A byte after an odd number of quotes is inside: a doubled quote leaves and enters again. Where the total is odd, a
    quote in the middle of a field is an inch mark and does not count.
    """
    quotes = buffer == _QUOTE
    newlines = np.flatnonzero(buffer == _NEWLINE)
    inside: Bools = np.cumsum(quotes, dtype=np.uint8) & 1 == 1
    if not inside[newlines].any():
        return inside
    edge = ends | quotes
    before, after = np.roll(edge, 1), np.roll(edge, -1)
    before[0] = after[-1] = True
    at_field_edges: Bools = np.cumsum(quotes & (before | after), dtype=np.uint8) & 1 == 1
    if not at_field_edges[newlines].any():
        return at_field_edges
    if not inside[-1]:
        return inside
    if not at_field_edges[-1]:
        return at_field_edges
    line = int(np.argmax(at_field_edges[newlines])) + 1
    raise Unreadable(f"Line {line} opens a double quote that is never closed; close or remove it.", line=line)
