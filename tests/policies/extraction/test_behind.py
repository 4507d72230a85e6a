"""What is packed inside a picture or a font is read within limits; what cameras add is no doubt."""

import gzip
import random
import struct
import time
import zlib

import pytest

from policies.extraction.passages import Content
from policies.extraction.readers.behind import end_of
from tests.golden.hidden.containers import _chunk, _woff
from tests.policies.extraction.mails import file, said

JPEG = (
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xda\0\x08\1\1\0\0?\0"
    + b"\x9a\xff\0\xff\xd0" * 90
    + b"\xff\xd9"
)
PNG = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0") + _chunk(b"IEND", b"")
GIF = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
ZEROS = zlib.compress(b"\0" * 90_000_000)


@pytest.mark.parametrize("picture", [JPEG, PNG, GIF])
def test_a_picture_ends_where_it_says(picture: bytes) -> None:
    assert end_of(picture) == len(picture)
    assert end_of(picture + picture + b"rest") == len(picture)
    for cut in range(len(picture)):
        assert 0 <= end_of(picture[:cut]) <= max(cut, 2)


@pytest.mark.parametrize(
    "behind",
    [
        JPEG,  # the same in small, or how deep things are
        b"SEFH\x6a\0\0\0\1\0\0\0\0\0\1\x0a" + b"\x93\x11" * 40 + b"SEFT",
        b"\0\0\0\x18ftypmp42" + random.Random(3).randbytes(9000),
        b"\0" * 4096,
        random.Random(4).randbytes(50_000),
    ],
)
def test_what_cameras_put_behind_a_picture_is_no_doubt(behind: bytes) -> None:
    content: Content = file(JPEG + behind, "photo.jpg", kind="image/jpeg")
    assert content.problems == ()


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (JPEG + gzip.compress(b"\0" * 90_000_000), "a.jpg", "image/jpeg"),
        (JPEG + ZEROS, "a.jpg", "image/jpeg"),
        (PNG + _chunk(b"seCr", ZEROS), "a.png", "image/png"),
        (JPEG + b"\x1f\x8b\x08\0" * 100_000, "a.jpg", "image/jpeg"),
        (_woff(ZEROS, 90_000_000), "a.woff", "font/woff"),
        (_woff(b"abcd", 4)[:12] + b"\xff\xff" + _woff(b"abcd", 4)[14:], "a.woff", "font/woff"),
    ],
)
def test_what_unpacks_to_far_too_much_is_not_read(data: bytes, name: str, kind: str) -> None:
    began = time.thread_time()
    assert file(data, name, kind=kind).unread
    assert time.thread_time() - began < 3


@pytest.mark.parametrize(
    "data",
    [
        b"%!PS\n" + b"(" * 60_000,
        b"%!PS\n" + b"(a)<41 " * 15_000,
        b"%!PS\n" + b"\\" * 60_000,
        b"GIF89a" + b"\xff" * 300_000,
        b"\xff\xd8" + b"\xff\xd0" * 300_000,
        b"\xff\xd8" + b"\xff\xda\0\2\xff\xda" * 60_000,
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0) * 2 + _chunk(b"aaAa", b"") * 4000,
        b"dn:: " + b"A" * 300_000 + b"\ncn:: A\n A" * 30_000,
    ],
)
def test_hostile_files_take_linear_time(data: bytes) -> None:
    began = time.thread_time()
    file(data, "a.bin", kind="application/octet-stream")
    assert time.thread_time() - began < 3


def test_a_string_of_postscript_is_read_as_it_is_shown() -> None:
    page = rb"%!PS-Adobe-3.0" + b"\n" + rb"(one \(two\) (three\)) \164\150ree\nx) show <414> show"
    assert "one (two) (three)) three\nx" in said(file(page, "a.ps"))
    assert "A@" in said(file(page, "a.ps"))
