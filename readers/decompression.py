"""The bytes of a file out of gzip or zip, never more than the limit; other formats are refused by name."""

import io
import re
import zipfile
import zlib

from errors import LimitExceeded, Unreadable
from timeseries.table import Limits

_BLOCK, _PIECE = 1 << 20, 1 << 16
MAX_MEMBERS = 10_000
"""Members of a gzip file: block gzip has one for every 64 KiB, and each costs microseconds however small it is."""

MAX_DIRECTORY_BYTES = 1 << 16
END_SEARCH_BYTES = (1 << 16) + 22
"""Largest distance of the end record from the end of a zip archive: its own length and the longest comment."""


_FORMATS = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\x89HDF": "an HDF5 file",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"(\xb5/\xfd": "a Zstandard archive",
    b"ARROW1": "an Arrow file",
    b"Rar!": "a RAR archive",
}


def decompress(data: bytes, limits: Limits) -> bytes:
    """Return the text bytes of a plain, gzipped or zipped file.

    Raises LimitExceeded when the file, or what it decompresses to, is larger than `limits.max_bytes`, and
    Unreadable for a broken archive, an archive of several files, a workbook or another binary format.
    """
    if len(data) > limits.max_bytes:
        raise _too_large(limits)
    if data.startswith(b"\x1f\x8b"):
        out = gunzip(data, limits.max_bytes)
        if len(out) > limits.max_bytes:
            raise _too_large(limits)
        return out
    if data.startswith(b"PK\x03\x04"):
        return _unzip(data, limits)
    for magic, words in _FORMATS.items():
        if data.startswith(magic):
            raise Unreadable(f"This is {words}, not a CSV file; save the table as CSV.", format=words)
    return data


def _too_large(limits: Limits) -> LimitExceeded:
    return LimitExceeded(
        f"The file holds more than {limits.max_bytes} bytes; send a part of it.",
        limit=limits.max_bytes,
        setting="max_bytes",
    )


def gunzip(data: bytes, limit: int) -> bytes:
    """Return the content of every member of a gzip file, or about the first `limit` bytes of more.

    Raises Unreadable for a file that is damaged, truncated, followed by other data or has very many members.
    """
    out = bytearray()
    at = 0
    for _ in range(MAX_MEMBERS):
        at = _member(memoryview(data), at, out, limit)
        if len(out) > limit:
            return bytes(out)
        if not data.startswith(b"\x1f\x8b", at):
            if data[at:].strip(b"\0"):  # zeros are padding
                raise Unreadable("The gzip file is followed by other data; send only the gzip file.")
            return bytes(out)
    raise Unreadable(f"The gzip file has more than {MAX_MEMBERS} members; compress it as one.")


def _member(data: memoryview, at: int, out: bytearray, limit: int) -> int:
    """Append the member that starts at `at` to `out`; return where it ends. zlib copies its input, so the pieces are
    small."""
    member = zlib.decompressobj(wbits=31)
    try:
        while not member.eof and len(out) <= limit:
            piece = data[at : at + _PIECE]
            block = member.decompress(piece, _BLOCK)
            taken = len(piece) - len(member.unconsumed_tail) - len(member.unused_data)
            if not block and not taken and not member.eof:
                raise Unreadable("The gzip file is truncated; send it again.")
            out += block
            at += taken
    except zlib.error as error:
        raise Unreadable("The gzip file is damaged; send it again, or send the plain CSV.") from error
    return at


def _unzip(data: bytes, limits: Limits) -> bytes:
    """Return the only file of a zip archive.

    The directory's size is checked before it is read: an entry of 46 bytes becomes an object of some 500. Every record
    that zipfile may read as the end of the archive is checked.
    """
    reach = max(len(data) - END_SEARCH_BYTES, 0)
    ends = [reach + match.start() for match in re.finditer(b"PK\x05\x06", data[reach:])]
    if not ends:
        raise _damaged_zip()
    if any(data[max(end - 20, 0) : end].startswith(b"PK\x06\x07") for end in ends):
        raise Unreadable("The zip archive has a zip64 directory; send a gzip file or the plain CSV.")
    if any(int.from_bytes(data[end + 12 : end + 16], "little") > MAX_DIRECTORY_BYTES for end in ends):
        raise Unreadable("The zip archive holds too many files; send an archive of one CSV file.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            info = _only_file(archive)
            with archive.open(info) as file:
                out = file.read(limits.max_bytes + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:  # ValueError: an offset outside the file
        raise _damaged_zip() from error
    except (RuntimeError, NotImplementedError) as error:
        raise Unreadable("The zip archive is encrypted or packed in an unusual way; send the plain CSV.") from error
    if len(out) > limits.max_bytes:
        raise _too_large(limits)
    return out


def _damaged_zip() -> Unreadable:
    return Unreadable("The zip archive is damaged; send it again, or send the plain CSV.")


def _only_file(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = archive.namelist()
    if any(name.startswith(("xl/", "[Content_Types]", "mimetype")) for name in names):
        raise Unreadable("This is a spreadsheet workbook, not a CSV file; save the sheet as CSV.", format="workbook")
    files = [i for i in archive.infolist() if not i.filename.endswith("/") and not i.filename.startswith("__MACOSX/")]
    if len(files) != 1:
        raise Unreadable(
            f"The zip archive holds {len(files)} files; send an archive of one CSV file.", files=len(files)
        )
    if files[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotImplementedError
    return files[0]
