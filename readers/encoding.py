"""Bytes in a common encoding to UTF-8 with one kind of line end."""

import codecs

import numpy as np

from errors import Unreadable
from timeseries.repairs import Repair, repair

_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

_LOOK_ALIKES = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\u2212": "-", "\u2019": "'"}
"""Spaces and minus signs as typesetters write them, and the apostrophe that marks thousands."""


def decode_text(data: bytes) -> tuple[bytes, list[Repair]]:
    """Return the text as UTF-8 bytes with `\\n` line ends and no byte order mark, and what was assumed.

    Raises Unreadable for an empty file, NUL bytes, and text that is HTML or JSON.
    """
    data, repairs = _to_utf8(data)
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise Unreadable(f"Line {line} holds NUL bytes; this is not a text file. Save the table as CSV.", line=line)
    if not data.isascii():
        for character, replacement in _LOOK_ALIKES.items():
            data = data.replace(character.encode(), replacement.encode())
    if b"\r" in data:
        data = data.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    head = data[:4096].lstrip()
    if not head and not data.strip():
        raise Unreadable("The file is empty; send a table with a column of numbers.")
    if head.startswith(b"<"):
        raise Unreadable("This is HTML or XML, not a CSV file; save the table as CSV.", line=1)
    if head.startswith((b"{", b"[{", b"[[")):
        raise Unreadable("This is JSON, not a CSV file; send it with Content-Type application/json.", line=1)
    return data, repairs


def _to_utf8(data: bytes) -> tuple[bytes, list[Repair]]:
    for bom, encoding in _BOMS.items():
        if data.startswith(bom):
            body = data[len(bom) :]
            return (body, []) if encoding == "utf-8" and _is_utf8(body) else (_convert(body, encoding), [])
    wide = _utf16_without_bom(data)
    if wide:
        return _convert(data, wide), [repair("encoding_assumed", [1], variant="utf-16", encoding=wide.upper())]
    if _is_utf8(data):
        return data, []
    non_ascii = np.flatnonzero(np.frombuffer(data, np.uint8) > 127)
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    lines = np.unique(np.searchsorted(ends, non_ascii)) + 1
    text = data.decode("cp1252", errors="replace").encode()
    return text, [repair("encoding_assumed", lines, len(non_ascii))]


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _convert(data: bytes, encoding: str) -> bytes:
    try:
        return data.decode(encoding).encode()
    except UnicodeError as error:
        raise Unreadable(f"The file is not valid {encoding.upper()}; save it as UTF-8.") from error


def _utf16_without_bom(data: bytes) -> str | None:
    """Return the UTF-16 variant of mostly ASCII text, in which nearly every second byte is NUL."""
    head = np.frombuffer(data[:4096], np.uint8)
    if head.size < 4 or len(data) % 2:
        return None
    first_bytes = np.mean(head[0::2] == 0)
    second_bytes = np.mean(head[1::2] == 0)
    if second_bytes > 0.7 and first_bytes < 0.1:
        return "utf-16-le"
    return "utf-16-be" if first_bytes > 0.7 and second_bytes < 0.1 else None
