"""The outline: what it counts, what it reports, and that it survives anything."""

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.message.mime import Limits, outline

NESTED = b"""From: a@example.org
To: d@example.org,
 g@example.org
Subject : hi
Content-Type: multipart/mixed; boundary="x y"

preamble
--x y
Content-Type: text/plain

hello
--x y
Content-Type: multipart/digest; boundary=z

--z

Subject: inner

text
--z--
--x y
Content-Type: application/octet-stream; name*0*=utf-8''a%20; name*1=b.txt

--x y--
epilogue""".replace(b"\n", b"\r\n")


def in_chunks(message: bytes, size: int) -> list[bytes]:
    return [message[at : at + size] for at in range(0, len(message), size)]


def test_a_nested_message_is_read_as_a_tree() -> None:
    seen = outline([NESTED])
    shape = [(part.depth, part.content_type, part.size) for part in seen.parts]
    assert shape == [
        (0, "multipart/mixed", 244),
        (1, "text/plain", 5),
        (1, "multipart/digest", 36),
        (2, "message/rfc822", 22),
        (3, "text/plain", 4),
        (1, "application/octet-stream", 0),
    ]
    assert seen.problems == ()
    assert seen.parts[-1].filename == "a b.txt"
    assert seen.all("to") == [b"d@example.org, g@example.org"]
    assert seen.first("SUBJECT") == "hi"
    assert seen.first("cc") is None
    assert (seen.size, seen.address_count, seen.header_count) == (len(NESTED), 3, 4)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_every_part_can_be_found_in_the_message(size: int) -> None:
    whole, text, digest, message, inner, file = outline(in_chunks(NESTED, size)).parts
    assert (whole.head, NESTED[whole.start : whole.start + 8]) == (0, b"preamble")
    assert whole.end == len(NESTED)
    assert NESTED[text.head : text.start] == b"Content-Type: text/plain\r\n\r\n"
    assert NESTED[text.start : text.end] == b"hello"
    assert NESTED[digest.start : digest.end].startswith(b"--z\r\n")
    assert NESTED[message.start : message.end] == b"Subject: inner\r\n\r\ntext"
    assert NESTED[inner.head : inner.start] == b"Subject: inner\r\n\r\n"
    assert NESTED[inner.start : inner.end] == b"text"
    assert NESTED[file.head : file.start].startswith(b"Content-Type: application/octet-stream")
    assert file.end == file.start


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_the_size_of_the_chunks_makes_no_difference(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = outline([NESTED])
    assert outline(in_chunks(NESTED, size)) == whole
    monkeypatch.setattr("policies.message.mime._PIECE", size)
    monkeypatch.setattr("policies.message.mime._LEAST_PIECE", 1)
    assert outline(in_chunks(NESTED, 5)) == whole


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_have_an_outline(chunks: list[bytes]) -> None:
    assert outline(chunks).size == sum(map(len, chunks))


def test_a_limit_that_is_passed_is_a_problem() -> None:
    assert outline([NESTED], Limits(depth=2)).problems == ("parts nested more than 2 deep",)


@pytest.mark.parametrize(
    ("lines", "filename", "names"),
    [
        (b'Content-Disposition: attachment; filename="a.pdf"', "a.pdf", {"a.pdf"}),
        (b"Content-Type: application/pdf; name=a b.pdf", "a b.pdf", {"a b.pdf"}),
        (
            b"Content-Disposition: attachment; filename=\"x.txt\"; filename*=utf-8''%C3%B4.txt",
            "ô.txt",
            {"ô.txt", "x.txt"},
        ),
        (
            b"Content-Disposition: attachment; filename*1=b.txt; filename*0*=utf-8''%C3%B4",
            "ôb.txt",
            {"ôb.txt", "b.txtô"},
        ),
        (
            b"Content-Disposition: inline; filename=other\r\n"  # noqa: ISC004 - one value
            b'Content-Type: text/plain; name="=?utf-8?Q?=C3=B4?="',
            "other",
            {"ô", "other"},
        ),
    ],
)
def test_every_name_of_a_part_is_told(lines: bytes, filename: str, names: set[str]) -> None:
    (part,) = outline([lines + b"\r\n\r\nbody"]).parts
    assert part.filename == filename
    assert names <= set(part.names)


def test_facts_are_counted_over_the_whole_message() -> None:
    seen = outline([b"From: a@b.example\r\n\r\n", b"caf\xc3", b"\xa9\0"])
    assert (seen.has_8bit, seen.has_nul) == (True, True)
    clean = outline([b"From: a@b.example\r\n\r\ncafe\r\n"])
    assert (clean.has_8bit, clean.has_nul) == (False, False)


def test_line_ends_of_one_kind_are_no_problem() -> None:
    assert outline([NESTED.replace(b"\r\n", b"\n")]).problems == ()
    for odd in (b"a\rb", b"a\nb", b"\r", b"\r\r\n"):
        assert outline([b"From: a@b.example\r\n\r\n" + odd]).problems
    assert outline([b"From: a@b.example\r", b"\n\r", b"\nbody\r", b"\n"]).problems == ()


PIECES = st.sampled_from(
    [
        b"\r\n", b"\n", b"--", b"--b", b"--b--", b"b", b" ", b"\t", b":", b";", b'"', b"(", b")",
        b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: message/rfc822\r\n",
        b"Content-Type: multipart/digest; boundary=\"b\"\r\n", b"boundary=", b"From: a@b\r\n",
        b"\\", b"\0",
        b"Content-Disposition: x; filename*0*=utf-8''%ff; filename*1=\r\n", b"\xff", b"=?utf-8?B?",
    ]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=8), max_size=80), st.integers(1, 9))
def test_pieces_of_mime_have_an_outline_whatever_their_order(
    pieces: list[bytes], chunk: int
) -> None:
    message = b"".join(pieces)
    small = Limits(header_bytes=200, headers=5, parts=6, depth=3, addresses=2)
    for limits in (Limits(), small):
        seen = outline([message], limits)
        assert outline(in_chunks(message, chunk), limits) == seen
        assert all(0 <= part.size <= len(message) for part in seen.parts)
        assert len(seen.parts) <= limits.parts
        assert len(seen.headers) <= limits.headers


def test_a_large_attachment_takes_little_memory() -> None:
    line = b"A" * 76 + b"\r\n"
    head = b'From: a@b.example\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n'

    def message() -> Iterator[bytes]:
        yield head
        for _ in range(400):
            yield line * 840
        yield b"--b--\r\n"

    tracemalloc.start()
    try:
        seen = outline(message())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen.parts[1].size == 400 * 840 * 78 - 2
    assert peak < 4 << 20


def test_a_body_is_never_kept() -> None:
    message = b"From: a@b.example\r\n\r\n" + b"canary-in-the-body\r\n"
    assert b"canary-in-the-body" not in repr(outline([message])).encode()


MANY = (
    b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 6
)


@pytest.mark.parametrize(
    ("limits", "message", "problem"),
    [
        (Limits(parts=6), MANY, "more than 6 parts"),
        (
            Limits(part_header_bytes=3),
            MANY.replace(b"\r\n\r\nx", b"\r\nA: b\r\n\r\nx"),
            "too large",
        ),
        (Limits(headers=1), MANY, "more than 1 header lines"),
        (Limits(header_bytes=20), MANY, "a header block of more than 20 bytes"),
        (Limits(addresses=1), b"To: a@b.example, c@d.example\r\n\r\n", "more than 1 addresses"),
        (Limits(subject_bytes=4), b"Subject: five!\r\n\r\n", "a Subject longer than 4 bytes"),
        (Limits(subject_bytes=4), b"Thread-Topic: five!\r\n\r\n", "a Thread-Topic longer than"),
    ],
)
def test_each_limit_is_told_by_its_own_words(limits: Limits, message: bytes, problem: str) -> None:
    assert outline([message]).problems == ()
    (told,) = outline([message], limits).problems
    assert problem in told
