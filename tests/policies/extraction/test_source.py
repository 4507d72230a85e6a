"""Stretches of a mail are what slices of its bytes are, and what is read of it is the same."""

import base64
import os
import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.extraction import mail, transfer, wire
from policies.extraction.asking import Asked
from policies.extraction.budgets import Budgets
from policies.extraction.mail import extract, extract_from
from policies.extraction.source import PIECE, Held, Stretch
from policies.message.mime import outline
from tests.policies.extraction import files
from tests.policies.extraction.mails import MARKER, attached, body, said


class Server:
    """Answers what `Asked` asks for, and keeps how much that was."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._to_send = b""
        self.sent = self.most = 0

    def write(self, frame: bytes) -> None:
        letter, _size = wire.FRAME.unpack_from(frame)
        assert letter == wire.ASKING
        start, stop = wire._STRETCH.unpack(frame[wire.FRAME.size :])
        assert 0 <= start < stop <= len(self._raw)
        self._to_send += self._raw[start:stop]
        self.sent += stop - start
        self.most = max(self.most, stop - start)

    def read(self, most: int) -> bytes:
        piece, self._to_send = self._to_send[:most], self._to_send[most:]
        return piece


def asked(raw: bytes) -> Asked:
    server = Server(raw)
    return Asked(len(raw), server.write, server.read)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(-(3 << 20), 3 << 20),
    st.integers(-(3 << 20), 3 << 20),
    st.lists(st.integers(0, 3 << 20), min_size=2, max_size=2),
)
def test_slices_are_those_of_bytes(start: int, stop: int, within: list[int]) -> None:
    raw, (first, after) = RAW, sorted(within)
    source = asked(raw)
    assert source[start:stop] == raw[start:stop]
    stretch = Stretch(source, first, min(after, len(raw)))
    assert stretch[start:stop] == raw[first:after][start:stop]
    assert b"".join(stretch.pieces()) == raw[first:after]
    assert len(stretch) == len(raw[first:after])


RAW = random.Random(5).randbytes(5 * PIECE // 2)


def test_what_is_small_is_not_asked_for_again_and_again() -> None:
    server = Server(RAW)
    source = Asked(len(RAW), server.write, server.read)
    for at in range(0, len(RAW), 1000):
        assert source[at : at + 1000] == RAW[at : at + 1000]
    assert server.sent < 2 * len(RAW)


def test_who_has_no_memory_for_a_stretch_ends() -> None:
    """What it did not read would stand before the next stretch, or before the next mail."""

    def full(_most: int) -> bytes:
        raise MemoryError

    with pytest.raises(SystemExit):
        Asked(9, lambda _frame: None, full)[0:9]


def test_a_mail_is_as_long_as_its_outline_says() -> None:
    assert b"".join(Held([b"ab", b"cd"], 4, 3).between(0, 3)) == b"abc"
    for size in (3, 5):
        with pytest.raises(ValueError, match="outline"):
            Held([b"ab", b"cd"], size, 9)


@given(st.binary(max_size=300), st.integers(1, 80), st.sampled_from([b"", b"=", b"==", b"x", b"-"]))
def test_base64_as_it_comes_is_what_it_is_at_once(data: bytes, width: int, end: bytes) -> None:
    raw = base64.b64encode(data) + end
    lines = [raw[at : at + width] + b"\r\n" for at in range(0, len(raw), width)]
    flowing = transfer.flowing(lines)
    if flowing is not None:
        assert [flowing] == transfer.decodings(b"".join(lines), "base64")
    elif not end:
        assert raw.endswith(b"=")  # cut between two of them


def large(encoded: bytes, *, name: str = "a.bin") -> bytes:
    """A mail with two attachments, the first of which is large."""
    head = f"Content-Type: application/octet-stream; name={name}\r\n"
    first = head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded
    second = b"Content-Type: text/plain\r\n\r\n" + MARKER.encode()
    parts = b"".join(b"--q\r\n" + one + b"\r\n" for one in (first, second))
    return b"Content-Type: multipart/mixed; boundary=q\r\n\r\nPre\r\n" + parts + b"--q--\r\nEpi\r\n"


PAGE = base64.encodebytes(files.docx(MARKER) + os.urandom(1 << 20)).replace(b"\n", b"\r\n")
LARGE = {
    "an attachment": large(PAGE),
    "one with a space in it": large(PAGE[:99] + b" " + PAGE[99:]),
    "one with a letter that is none": large(PAGE[:99] + b"*" + PAGE[99:]),
    "one in url-safe letters": large(PAGE.replace(b"+", b"-")),
    "one that ends early": large(PAGE[:100_000] + b"==\r\n" + PAGE[100_000:]),
    "a text": body(b"The minutes. " + MARKER.encode() + b"\r\nTuesday." * 150_000),
    "a text that is base64": body(PAGE),
    "a text of marks": body(b"> > > >\r\n" * 150_000),
    "a text with a zip behind it": body(b"The minutes.\r\n" * 90_000 + files.docx(MARKER)),
    "a small one": attached(files.docx(MARKER)),
}


@pytest.mark.parametrize("raw", LARGE.values(), ids=LARGE.keys())
@pytest.mark.parametrize("characters", [Budgets().characters, 1 << 20])
def test_what_is_asked_for_says_what_the_whole_says(
    raw: bytes, characters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets = Budgets(characters=characters, seconds=60)
    found = outline([raw])
    told = wire.outline_of(wire.request(found)[wire.REQUEST.size :])
    assert told.parts == found.parts
    content = extract_from(told, asked(raw), budgets)
    assert content == extract(found, [raw], budgets)
    # And as if nothing were read as it comes.
    monkeypatch.setattr(transfer, "flowing", lambda pieces: None)
    monkeypatch.setattr(mail, "is_oversize", lambda *about: False)
    assert extract(found, [raw], budgets) == content


def test_what_lies_beyond_the_limit_is_not_read() -> None:
    raw = large(base64.b64encode(b"x" * 3000)) + b"\r\n"
    budgets = Budgets(bytes_in=1000)
    found = outline([raw])
    content = extract_from(found, asked(raw[:1000]), budgets)
    assert content.problems == ("the mail was not read to its end: it has 0 MiB or more",)
    assert MARKER not in said(content)


def test_turns_are_taken_one_after_the_other() -> None:
    from policies.extraction.pool import _alone

    turn, told, had = _alone(threading.Lock()), threading.Event(), threading.Event()

    def second() -> None:
        with turn(told.set):
            had.set()

    with turn(lambda: None):
        thread = threading.Thread(target=second)
        thread.start()
        assert told.wait(30)
        assert not had.is_set()
    thread.join()
    assert had.is_set()
