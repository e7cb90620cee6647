"""Grid: where every field of a text table begins and ends, found with a few passes over the bytes.

Fields stay bytes in the one buffer; a column is cut out of it only when it is looked at. This keeps a clean file
of a million rows under half a second and the memory at a few times the file, whatever the table's shape.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from errors import LimitExceeded, Unreadable
from series.table import Limits

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Text = NDArray[np.bytes_]

LONGEST = 64
"""Longest field, in bytes, that can be a number or a time; `Grid.column` cuts longer ones one byte later."""

_LONGEST_FIELD = 1 << 16
_NEWLINE, _QUOTE = 10, 34
_IS_SPACE = np.isin(np.arange(256), [9, 32])


@dataclass(frozen=True, eq=False)
class Grid:
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

    def select(self, keep: Bools | Ints | slice) -> "Grid":
        """The records asked for."""
        return replace(self, first=self.first[keep], count=self.count[keep])

    def lines(self, records: Ints | list[int]) -> list[int]:
        """Line numbers in the file, counted from 1, of the first five of these records."""
        starts = self._starts(self.first[np.asarray(records[:5], dtype=np.int64)])
        return [int(np.count_nonzero(self.buffer[:start] == _NEWLINE)) + 1 for start in starts.tolist()]

    def line(self, record: int) -> int:
        """The line number of one record."""
        return self.lines([record])[0]

    def bounds(self, column: int) -> tuple[Ints, Ints]:
        """(r,) starts and (r,) stops in the buffer, without blanks and quotes around; equal where a field is absent."""
        at = np.minimum(self.first + column, len(self.separators) - 1)
        start, stop = self._starts(at), self.separators[at]
        absent = self.count <= column
        if absent.any():
            start = np.where(absent, stop, start)
        start, stop = self._trim(start, stop)
        if self.quoted:
            both = (stop - start >= 2) & (self.buffer[start] == _QUOTE) & (self.buffer[stop - 1] == _QUOTE)
            start, stop = self._trim(start + both, stop - both)
        return start, stop

    def column(self, column: int) -> Text:
        """(r,) the fields of a column as bytes, cut after LONGEST + 1 bytes."""
        return cut(self.buffer, *self.bounds(column))

    def row(self, record: int) -> list[bytes]:
        """The fields of one record, each cut after 64 KiB."""
        one = self.select(slice(record, record + 1))
        spans = (one.bounds(column) for column in range(int(one.count[0])))
        return [bytes(self.buffer[start[0] : min(stop[0], start[0] + _LONGEST_FIELD)]) for start, stop in spans]

    def _starts(self, at: Ints) -> Ints:
        return np.where(at > 0, self.separators[at - 1] + 1, 0)

    def _trim(self, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
        """Without blanks at both ends; at most LONGEST of them, for a field of blanks only must not take for ever."""
        for _ in range(LONGEST):
            blank = (start < stop) & _IS_SPACE[self.buffer[start]]
            if not blank.any():
                break
            start = start + blank
        for _ in range(LONGEST):
            blank = (start < stop) & _IS_SPACE[self.buffer[stop - 1]]
            if not blank.any():
                break
            stop = stop - blank
        return start, stop


def cut(buffer: NDArray[np.uint8], start: Ints, stop: Ints) -> Text:
    """(n,) the pieces of the buffer between starts and stops, cut after LONGEST + 1 bytes."""
    length = np.minimum(stop - start, LONGEST + 1)
    width = max(int(length.max(initial=0)), 1)
    inner = np.minimum(start, len(buffer) - width)  # a window that would reach past the end is shifted back
    out = np.lib.stride_tricks.sliding_window_view(buffer, width)[inner]
    for at in np.flatnonzero(inner != start).tolist():
        out[at, : length[at]] = buffer[start[at] : start[at] + length[at]]
    if int(length.min(initial=width)) < width:
        out[np.arange(width) >= length[:, None]] = 0
    return out.view(f"S{width}").ravel()


def scan(text: bytes, delimiter: str, limits: Limits) -> Grid:
    """The grid of a text with `\\n` line ends.

    Raises LimitExceeded for too many rows or columns and Unreadable for a quote that is never closed; both before
    anything of the size of the table is made.
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
    _check_widths(text, buffer, delimiter, limits)
    ends = (buffer == ord(delimiter)) | (buffer == _NEWLINE)
    quoted = b'"' in text
    if quoted:
        ends &= ~_inside_quotes(buffer, ends)
    separators = np.flatnonzero(ends)
    last = np.flatnonzero(buffer[separators] == _NEWLINE)
    first = np.concatenate(([0], last[:-1] + 1))
    return Grid(buffer, separators, first, last - first + 1, quoted)


def _check_widths(text: bytes, buffer: NDArray[np.uint8], delimiter: str, limits: Limits) -> None:
    """Refuses a record with far too many fields, where the number of delimiters in the file makes one possible."""
    if text.count(delimiter.encode()) <= limits.max_columns * 2:
        return
    stops = np.flatnonzero(buffer == _NEWLINE)
    starts = np.concatenate(([0], stops[:-1] + 1))
    for line in np.flatnonzero(stops - starts >= limits.max_columns).tolist():
        fields = text.count(delimiter.encode(), starts[line], stops[line]) + 1
        if fields > limits.max_columns and b'"' not in text[starts[line] : stops[line]]:
            raise LimitExceeded(
                f"Line {line + 1} has {fields} fields, more than the {limits.max_columns} columns allowed.",
                limit=limits.max_columns,
                setting="max_columns",
                line=line + 1,
            )


def _inside_quotes(buffer: NDArray[np.uint8], ends: Bools) -> Bools:
    """(b,) true between an opening and its closing double quote.

    An odd number of quotes before a byte means inside: a doubled quote leaves and enters again. Where that does not
    come out even at the end, a quote in the middle of a field is an inch mark and does not count.
    """
    quotes = buffer == _QUOTE
    newlines = np.flatnonzero(buffer == _NEWLINE)
    inside: Bools = np.cumsum(quotes, dtype=np.uint8) & 1 == 1
    if not inside[newlines].any():
        return inside
    edge = ends | quotes
    before, after = np.roll(edge, 1), np.roll(edge, -1)
    before[0] = after[-1] = True
    careful: Bools = np.cumsum(quotes & (before | after), dtype=np.uint8) & 1 == 1
    if not careful[newlines].any():
        return careful
    if not inside[-1]:
        return inside
    if not careful[-1]:
        return careful
    line = int(np.argmax(careful[newlines])) + 1
    raise Unreadable(f"Line {line} opens a double quote that is never closed; close or remove it.", line=line)
