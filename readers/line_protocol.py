"""InfluxDB line protocol: the bytes of a write to points by stream, and refused lines.

`measurement[,tag=value…] field=value[,field=value…] [timestamp]`, one point a line; each measurement, set of tags and
field is a stream of its own. Grammar: InfluxDB's line protocol reference and, where that is silent, the behaviour of
InfluxDB 1.8: a backslash escapes a separator after it, any other backslash is literal. What is accepted and refused is
listed in `docs/reference/line-protocol.md`.
"""

import math
import re
from dataclasses import dataclass, field

import numpy as np

from errors import BadParameter
from timeseries import Times

MAX_ERRORS = 100
"""Refused lines that are reported one by one; the rest are counted."""
MAX_QUOTE_LENGTH = 200
"""Characters of a refused line that the error repeats."""

NANOSECONDS = {
    "ns": 1,
    "n": 1,
    "us": 1_000,
    "u": 1_000,
    "µ": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
"""A timestamp's unit by the name that the `precision` of a write gives it."""
EARLIEST, LATEST = -(2**63) + 2, 2**63 - 2
"""Bounds of a time in nanoseconds since 1970, those of InfluxDB."""

# Possessive (`++`): no backtracking, so that an escape stays an escape. A quote starts a text or is refused: in a bare
# value, each line of a hostile write could open a text that runs to the end.
_NAME = r"(?:[^,= \n]|(?<=\\)[,= ])++"
_FIELD = rf'{_NAME}=(?:"(?:[^"\\]|\\.)*+"|[^," \t\r\n]++)'
_TIME = r"-?[0-9]+(?=[ \t\r]*(?:\n|\Z))"
_LINE = re.compile(
    rf"[ \t\r]*+(?P<key>(?:[^ \n]|(?<=\\)[ ])++)[ ]++(?P<fields>{_FIELD}(?:,{_FIELD})*+)(?:[ ]++(?P<time>{_TIME}))?"
    r"[ \t\r]*+(?:\n|\Z)",
    re.DOTALL,
)
_EMPTY = re.compile(r"(?:[ \t\r]*+(?:#[^\n]*+)?\n){1,10000}+|[ \t\r]*+(?:#[^\n]*+)?\Z")
_ONE_FIELD = re.compile(rf'({_NAME})=("(?:[^"\\]|\\.)*+"|[^," \t\r\n]++)', re.DOTALL)
_MEASUREMENT = re.compile(r"(?:[^, \n]|(?<=\\)[, ])++")
_TAG = re.compile(rf",({_NAME})=({_NAME})(?=,|\Z)")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}[iu]")
_BOOLEANS = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), 1.0),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), 0.0),
}


class BadLine(Exception):
    """The reason for refusing a line, in InfluxDB's words; becomes a LineError."""


@dataclass(frozen=True)
class LineError:
    """A refused line: its number from 1, its text (shortened), and why."""

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"unable to parse '{self.text}': {self.reason}"


@dataclass(frozen=True)
class Points:
    """The points of one stream in the order of their lines, as columns of equal length.

    times   milliseconds since 1970 UTC, rounded down
    values  finite
    lines   the number of each point's line, from 1
    """

    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    @property
    def stamps(self) -> Times:
        """(n,) the times as numpy has them."""
        return np.array(self.times, "datetime64[ms]")


@dataclass
class Parsed:
    """The content of a write.

    streams    points by stream name, in the order of first appearance
    errors     the first MAX_ERRORS refused lines; `refused` counts all
    texts      fields that hold text, which cannot be scored and are left out
    """

    streams: dict[str, Points] = field(default_factory=dict)
    errors: list[LineError] = field(default_factory=list)
    refused: int = 0
    texts: int = 0


def parse(body: bytes, *, now_ms: int, precision: str = "ns", ahead_ms: int | None = None) -> Parsed:
    """Return the points of a write.

    precision   unit of its timestamps, a key of NANOSECONDS
    now_ms      time of a line without one, milliseconds since 1970 UTC
    ahead_ms    a line whose time is more than this after `now_ms` is refused

    A refused line does not affect the others. Raises BadParameter for an unknown precision.
    """
    unit = unit_of(precision)
    text = body.decode("utf-8", "surrogateescape")
    parsed = Parsed()
    keys = _Keys()
    at = 0
    line = 1
    while at < len(text):
        if empty := _EMPTY.match(text, at):
            at, line = empty.end(), line + empty[0].count("\n")
            continue
        match = _LINE.match(text, at)
        end = match.end() if match else _line_end(text, at)
        try:
            point = _read_line(text, at, match, keys, unit)
            _check_ahead(point.time, now_ms, ahead_ms)
            _add(parsed, point, now_ms, line)
        except BadLine as error:
            _refuse(parsed, line, text[at:end], str(error))
        line += text.count("\n", at, end)
        at = end
    return parsed


def unit_of(precision: str) -> int:
    """Return the nanoseconds of a unit of time. Raises BadParameter."""
    if precision not in NANOSECONDS:
        raise BadParameter(
            f"precision must be one of {', '.join(NANOSECONDS)}.", name="precision", choices=list(NANOSECONDS)
        )
    return NANOSECONDS[precision]


def stream_name(measurement: str, field_key: str, tags: dict[str, str]) -> str:
    r"""`measurement.field{tag=value,…}`, tags sorted. A backslash escapes the signs `. { } = , \` where they
    could be misread, so that two series never share a name.

    >>> stream_name("cpu", "usage", {"host": "a", "core": "0"})
    'cpu.usage{core=0,host=a}'
    """
    pairs = ",".join(f"{_escaped(key, '=,}')}={_escaped(tags[key], ',}')}" for key in sorted(tags))
    name = f"{_escaped(measurement, '{')}.{_escaped(field_key, '.{')}"
    return f"{name}{{{pairs}}}" if tags else name


def _escaped(text: str, signs: str) -> str:
    for sign in f"\\{signs}":
        text = text.replace(sign, f"\\{sign}")
    return text


class _Keys:
    """Caches stream names by measurement, tags and field key during one write."""

    def __init__(self) -> None:
        self._series: dict[str, tuple[str, dict[str, str]]] = {}
        self._names: dict[tuple[str, str], str] = {}

    def name(self, key: str, field_key: str) -> str:
        """Return the name of the stream. Raises BadLine for an invalid key."""
        if (name := self._names.get((key, field_key))) is None:
            measurement, tags = self.series(key)
            name = stream_name(measurement, _unescaped(field_key), tags)
            self._names[key, field_key] = name
        return name

    def series(self, key: str) -> tuple[str, dict[str, str]]:
        """Return the measurement and the tags. Raises BadLine."""
        if key not in self._series:
            self._series[key] = _series(key)
        return self._series[key]


def _series(key: str) -> tuple[str, dict[str, str]]:
    match = _MEASUREMENT.match(key)
    if not match:
        raise BadLine("missing measurement")
    tags: dict[str, str] = {}
    at = match.end()
    while at < len(key):
        tag = _TAG.match(key, at)
        if not tag:
            raise BadLine(_bad_tag(key[at + 1 :]))
        name = _unescaped(tag[1])
        if name in tags:
            raise BadLine("duplicate tags")
        tags[name] = _unescaped(tag[2])
        at = tag.end()
    return re.sub(r"\\([, ])", r"\1", match[0]), tags


def _bad_tag(rest: str) -> str:
    name = re.match(_NAME, rest)
    if not name:
        return "missing tag key"
    value = re.match(rf"=({_NAME})", rest[name.end() :])
    return "invalid tag format: write = within a tag as \\=" if value else "missing tag value"


def _unescaped(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text) if "\\" in text else text


@dataclass(frozen=True)
class _Line:
    """A parsed line: stream name to value, its time in nanoseconds or None, and how many fields hold text."""

    values: dict[str, float]
    time: int | None
    texts: int


def _read_line(text: str, at: int, match: re.Match[str] | None, keys: _Keys, unit: int) -> _Line:
    """Return the content of the line at this place. Raises BadLine."""
    if not match:
        raise BadLine(_reason(text[at : _line_end(text, at)]))
    if not match[0].isascii() and re.search(r"[\ud800-\udfff]", match[0]):
        raise BadLine("not UTF-8")
    key = match["key"]
    keys.series(key)  # also where every field is text
    values: dict[str, float] = {}
    texts = 0
    for name, written in _ONE_FIELD.findall(match["fields"]):
        if written.startswith('"'):
            texts += 1
        else:
            values[keys.name(key, name)] = _value(written)
    return _Line(values, _time(match["time"], unit), texts)


def _value(written: str) -> float:
    """Return a number, with a boolean as 1 or 0. Raises BadLine."""
    if _NUMBER.fullmatch(written):
        if math.isfinite(value := float(written)):
            return value
        raise BadLine(f"value out of range: {_shortened(written)}")
    if written in _BOOLEANS:
        return _BOOLEANS[written]
    if _INTEGER.fullmatch(written):
        integer = int(written[:-1])
        low, high = (-(2**63), 2**63) if written[-1] == "i" else (0, 2**64)
        if low <= integer < high:
            return float(integer)
        raise BadLine(f"value out of range: {_shortened(written)}")
    raise BadLine(f"invalid field value {_shortened(written)}: write a number, true, false or a quoted text")


def _time(written: str | None, unit: int) -> int | None:
    """Return nanoseconds since 1970. Raises BadLine."""
    if written is None:
        return None
    time = int(written) * unit if len(written) <= 20 else LATEST + 1
    if not EARLIEST <= time <= LATEST:
        raise BadLine(f"time outside range {EARLIEST} - {LATEST}")
    return time


def _check_ahead(time: int | None, now_ms: int, ahead_ms: int | None) -> None:
    """Raise BadLine for a time in the future, beyond the tolerance."""
    if time is not None and ahead_ms is not None and time // 1_000_000 > now_ms + ahead_ms:
        now = np.datetime64(now_ms // 1000, "s")
        raise BadLine(
            f"time too far in the future: the clock here shows {now}Z, and {ahead_ms // 60_000} minutes more are "
            "allowed. Check the sender's clock, the time zone and the precision"
        )


def _reason(line: str) -> str:
    """Return why a line does not fit the grammar."""
    key = re.match(r"[ \t\r]*+((?:[^ \n]|(?<=\\)[ ])++)[ ]*+", line)
    if not key:
        return "missing measurement"
    _series(key[1])
    rest = line[key.end() :]
    if not rest.strip():
        return "missing fields"
    while one := re.match(_FIELD, rest, re.DOTALL):
        rest = rest[one.end() :]
        if not rest.startswith(","):
            break
        rest = rest[1:]
    if one:
        return "bad timestamp" if rest.startswith(" ") else "invalid field format: separate fields by commas"
    return _bad_field(rest)


def _bad_field(rest: str) -> str:
    name = re.match(_NAME, rest)
    if not name:
        return "missing field key"
    if rest[name.end() : name.end() + 1] != "=":
        return "invalid field format: write key=value"
    return "unbalanced quotes" if rest[name.end() + 1 : name.end() + 2] == '"' else "missing field value"


def _line_end(text: str, at: int) -> int:
    """Return the position after the next newline."""
    return text.find("\n", at) + 1 or len(text)


def _shortened(text: str) -> str:
    readable = text.encode("utf-8", "replace").decode("utf-8")
    return readable if len(readable) <= MAX_QUOTE_LENGTH else f"{readable[:MAX_QUOTE_LENGTH]}…"


def _refuse(parsed: Parsed, line: int, text: str, reason: str) -> None:
    parsed.refused += 1
    if len(parsed.errors) < MAX_ERRORS:
        parsed.errors.append(LineError(line, _shortened(text.strip(" \t\r\n")), reason))


def _add(parsed: Parsed, parsed_line: _Line, now_ms: int, line: int) -> None:
    parsed.texts += parsed_line.texts
    time = now_ms if parsed_line.time is None else parsed_line.time // 1_000_000
    for name, value in parsed_line.values.items():
        points = parsed.streams.get(name)
        if points is None:
            points = parsed.streams[name] = Points()
        points.times.append(time)
        points.values.append(value)
        points.lines.append(line)
