"""The outline: what it counts, what it reports, and that it survives anything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.mime import Limits, outline

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


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_the_size_of_the_chunks_makes_no_difference(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = outline([NESTED])
    assert outline(in_chunks(NESTED, size)) == whole
    monkeypatch.setattr("policies.mime._PIECE", size)
    monkeypatch.setattr("policies.mime._LEAST_PIECE", 1)
    assert outline(in_chunks(NESTED, 5)) == whole


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_have_an_outline(chunks: list[bytes]) -> None:
    assert outline(chunks).size == sum(map(len, chunks))


def test_a_limit_that_is_passed_is_a_problem() -> None:
    assert outline([NESTED], Limits(depth=2)).problems == ("parts nested more than 2 deep",)
