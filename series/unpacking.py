"""The bytes of a file out of gzip or zip, never more than the limit; other formats are refused by name."""

import io
import zipfile
import zlib

from errors import LimitExceeded, Unreadable
from series.table import Limits

_BLOCK = 1 << 20
_LARGEST_DIRECTORY = 1 << 16

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


def unpack(data: bytes, limits: Limits) -> bytes:
    """The text bytes of a plain, gzipped or zipped file.

    Raises LimitExceeded when the file, or what it decompresses to, is larger than `limits.max_bytes`, and
    Unreadable for a broken archive, an archive of several files, a workbook or another binary format.
    """
    if len(data) > limits.max_bytes:
        raise _too_large(limits)
    if data.startswith(b"\x1f\x8b"):
        return _gunzip(data, limits)
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


def _gunzip(data: bytes, limits: Limits) -> bytes:
    """Every member of a gzip file, one block at a time, so that a bomb is refused before it is unpacked."""
    out = bytearray()
    rest = data
    while rest.startswith(b"\x1f\x8b"):
        member = zlib.decompressobj(wbits=31)
        try:
            while not member.eof:
                block = member.decompress(rest, _BLOCK)
                rest = member.unconsumed_tail
                if not block and not rest and not member.eof:
                    raise Unreadable("The gzip file ends too early; send it again whole.")
                out += block
                if len(out) > limits.max_bytes:
                    raise _too_large(limits)
        except zlib.error as error:
            raise Unreadable("The gzip file is damaged; send it again, or send the plain CSV.") from error
        rest = member.unused_data
    return bytes(out)


def _unzip(data: bytes, limits: Limits) -> bytes:
    """The one file of a zip archive.

    The directory is bounded before it is read, for an entry of 46 bytes becomes an object of some 500.
    """
    end = data.rfind(b"PK\x05\x06")
    if end < 0:
        raise _damaged_zip()
    if int.from_bytes(data[end + 12 : end + 16], "little") > _LARGEST_DIRECTORY:
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
