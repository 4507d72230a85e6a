"""What is written into a picture is read; what a picture is made of is not taken for writing."""

import random

import pytest

from policies.detectors.registry import DETECTORS
from policies.detectors.scan import Patience, scan
from policies.extraction.readers.letters import is_writing
from tests.policies.extraction.mails import file, said

PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01"
BYTES = 400_000
ALL = tuple(DETECTORS.values())

WRITTEN = (
    "943 476 5919",
    "9 4 3 4 7 6 5 9 1 9",
    "AB 12 34 56 C",
    "Jo Bloggs SW1A 1AA",
    "kim@home.example",
    "J. O'Neill, 12/03/2011",
    "the child is fostered",
)


def picture(seed: int, written: str = "") -> bytes:
    """The beginning of a picture, and compressed bytes with a text among them."""
    noise = random.Random(seed)
    parts = (PICTURE, noise.randbytes(BYTES // 2), b"\0", written.encode(), b"\0")
    return b"".join((*parts, noise.randbytes(BYTES // 2)))


@pytest.mark.parametrize("seed", range(10))
def test_nothing_is_found_in_a_photograph(seed: int) -> None:
    seen = said(file(picture(seed), "photo.jpg", kind="image/jpeg")).replace("photo.jpg", "")
    assert [one.detector for one in scan(seen, ALL, Patience(30))] == []


@pytest.mark.parametrize("written", WRITTEN)
def test_what_was_written_into_it_is_read(written: str) -> None:
    assert written in said(file(picture(1, written), "photo.jpg", kind="image/jpeg"))


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("behind", [b"\0", b"\xff"])
def test_what_was_written_in_two_bytes_a_letter_is_read(order: str, behind: bytes) -> None:
    written = b"UNICODE\0" + "NHS number 943 476 5919".encode(order) + behind
    data = PICTURE + random.Random(1).randbytes(2000) + written + random.Random(2).randbytes(2000)
    assert "943 476 5919" in said(file(data, "photo.jpg", kind="image/jpeg"))


def test_chance_is_told_from_writing() -> None:
    noise = random.Random(5)
    printable = bytes(range(0x20, 0x7F))
    taken = sum(is_writing(bytes(noise.choices(printable, k=12))) for _ in range(20_000))
    assert taken < 200
    assert all(is_writing(text.encode()) for text in WRITTEN)
