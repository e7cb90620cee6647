"""Archives built to cost much memory or time."""

import gzip
import io
import struct
import time
import zipfile
import zlib

import numpy as np
import pytest

from errors import Unreadable
from readers import read_csv
from readers.decompression import gunzip

CSV = b"v\n1\n2\n"
END, DIRECTORY = "<4s4H2IH", "<4s6H3I5H2I"


def test_members_of_a_gzip_file_are_read_in_linear_time() -> None:
    """The bytes after a member must not be copied for each member."""
    filler = gzip.compress(np.random.default_rng(0).bytes(32 * 2**20), 0)
    started = time.process_time()
    assert len(gunzip(gzip.compress(b"") * 5_000 + filler, 2**26)) == 32 * 2**20
    assert time.process_time() - started < 20  # copying 32 MiB for each of 5,000 takes longer


def test_very_many_members_are_refused() -> None:
    with pytest.raises(Unreadable, match="10000 members"):
        read_csv(gzip.compress(b"") * 400_000 + gzip.compress(CSV))


def test_members_as_block_gzip_makes_them_are_read() -> None:
    assert (
        read_csv(gzip.compress(b"v\n") + gzip.compress(b"1\n2\n") * 4000 + gzip.compress(b"")).series().values.size
        == 8000
    )


@pytest.mark.parametrize("padding", [b"\0", b"\0" * 1000])
def test_zeros_behind_a_gzip_file_are_padding(padding: bytes) -> None:
    assert gunzip(gzip.compress(CSV) + padding, 100) == CSV


def test_anything_else_behind_a_gzip_file_is_refused() -> None:
    with pytest.raises(Unreadable, match="is followed by other data"):
        read_csv(gzip.compress(CSV) + b"junk")


@pytest.mark.parametrize("max_inflated", [0, 1, 6, 7, 100])
def test_not_much_more_than_the_limit_is_inflated(max_inflated: int) -> None:
    assert len(gunzip(gzip.compress(bytes(5 * 2**20)), max_inflated)) <= max_inflated + 2**20


@pytest.mark.parametrize("cut", range(1, 25))
def test_a_gzip_file_that_ends_early(cut: int) -> None:
    with pytest.raises(Unreadable):
        gunzip(gzip.compress(CSV)[:-cut], 100)


def archive(entries: int) -> tuple[bytes, bytes]:
    """A zip archive of one file that its directory lists many times, without its end; and that directory."""
    crc, size = zlib.crc32(CSV), len(CSV)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, crc, size, size, 5, 0) + b"a.csv" + CSV
    entry = struct.pack(DIRECTORY, b"PK\1\2", 20, 20, 0, 0, 0, 0, crc, size, size, 5, 0, 0, 0, 0, 0, 0) + b"a.csv"
    return local, entry * entries


class Parsed(Exception):
    """The directory was read."""


@pytest.fixture
def no_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that reaches the reader raises Parsed."""

    def parse(*_: object) -> None:
        raise Parsed

    monkeypatch.setattr(zipfile, "ZipFile", parse)


@pytest.mark.usefixtures("no_parsing")
def test_counts_that_spell_an_end_record_do_not_hide_the_directory() -> None:
    local, directory = archive(2000)
    end = struct.pack("<4s2H", b"PK\5\6", 0, 0) + b"PK\5\6" + struct.pack("<2IH", len(directory), len(local), 0)
    with pytest.raises(Unreadable, match="too many files"):
        read_csv(local + directory + end)


@pytest.mark.usefixtures("no_parsing")
@pytest.mark.parametrize("comment", [b"", b"a comment", b"x" * 65535])
def test_a_zip64_directory_is_refused(comment: bytes) -> None:
    local, directory = archive(2000)
    at = len(local)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 2000, 2000, len(directory), at)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at + len(directory), 1)
    end = struct.pack(END, b"PK\5\6", 0, 0, 1, 1, 50, at, len(comment)) + comment
    with pytest.raises(Unreadable, match="zip64"):
        read_csv(local + directory + end64 + locator + end)


@pytest.mark.parametrize("comment", [b"", b"made by hand", b"x" * 65535])
def test_an_archive_with_a_comment_is_read(comment: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.csv", CSV)
        made.comment = comment
    assert read_csv(out.getvalue()).series().values.tolist() == [1, 2]
