"""Where a mail ends: the decoder against a reference that is too simple to be wrong."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.smtp.framing import (
    DISCARDED_AT_MOST,
    DataDecoder,
    LineTooLongError,
    UnsafeLineError,
    read_line,
)

# Bytes that matter to framing come often, so that short inputs reach every corner.
PIECES = st.sampled_from(
    [b"\r\n", b".", b"\r", b"\n", b"\r\n.", b"\r\n.\r\n", b"a", b"\0", b"..", b"\x85"]
)
STREAMS = st.lists(PIECES, max_size=40).map(b"".join)


def reference(stream: bytes) -> tuple[bytes, bytes] | None:
    """RFC 5321 section 4.5.2, read line by line over the whole stream: content and what follows."""
    content = b""
    at = 0
    while (end := stream.find(b"\r\n", at)) >= 0:
        line = stream[at : end + 2]
        at = end + 2
        if line == b".\r\n":
            return content, stream[at:]
        content += line.removeprefix(b".")
    return None


def bare(content: bytes) -> tuple[int, int]:
    without = content.replace(b"\r\n", b"")
    return without.count(b"\r"), without.count(b"\n")


def chunks(stream: bytes, cuts: list[int]) -> list[bytes]:
    borders = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[a:b] for a, b in pairwise(borders)]


def decode(stream: bytes, cuts: list[int]) -> tuple[DataDecoder, bytes, bytes | None]:
    decoder, content = DataDecoder(), b""
    pieces = chunks(stream, cuts)
    for number, chunk in enumerate(pieces):
        out, rest = decoder.feed(chunk)
        content += out
        if rest is not None:
            return decoder, content, rest + b"".join(pieces[number + 1 :])
    return decoder, content, None


@settings(max_examples=400, deadline=None)
@given(STREAMS, st.lists(st.integers(0, 400), max_size=30))
@example(b".\r\n", [])
@example(b"..\r\n.\r\n", [1, 2, 3, 4])
@example(b"\r\r\n.\r\nQUIT\r\n", [1, 2, 3, 4, 5])
def test_any_chunking_reads_as_the_reference_does(stream: bytes, cuts: list[int]) -> None:
    decoder, content, rest = decode(stream, cuts)
    expected = reference(stream)
    assert (rest is None) == (expected is None)
    if expected is not None:
        assert (content, rest) == expected
        assert decoder.size == len(content)
        assert decoder.nul == content.count(b"\0")
        # Dots that are taken off stand behind a CRLF, so what is bare stays bare.
        raw = stream[: len(stream) - len(expected[1])]
        assert (decoder.bare_cr, decoder.bare_lf) == bare(raw)


@settings(max_examples=150, deadline=None)
@given(STREAMS, st.lists(st.integers(0, 400), max_size=30))
def test_what_is_given_out_before_the_end_is_final(stream: bytes, cuts: list[int]) -> None:
    """However it is cut, at most four bytes are held back."""
    decoder, content, rest = decode(stream, cuts)
    if rest is None:
        stuffed = (b"\r\n" + stream).replace(b"\r\n.", b"\r\n")[2:]
        assert stuffed.startswith(content)
        assert (
            len(stream) - 4 <= decoder.size + stream.count(b"\r\n.") + stream.startswith(b".") + 4
        )


def test_the_comparison_can_fail() -> None:
    """Negative control: a decoder that believes in LF.LF disagrees with the reference."""
    sloppy = b"a\n.\nb\r\n.\r\n"
    assert reference(sloppy) == (b"a\n.\nb\r\n", b"")
    end = sloppy.find(b"\n.\n")
    assert (sloppy[: end + 1], sloppy[end + 3 :]) != reference(sloppy)


def test_memory_stays_small_without_any_crlf() -> None:
    decoder = DataDecoder()
    for _ in range(50):
        _, rest = decoder.feed(b"A" * 100_000)
        assert rest is None
        assert len(decoder._carry) <= 4
    assert decoder.size == 5_000_000


async def line_of(data: bytes, longest: int = 64, limit: int = 128) -> bytes:
    reader = asyncio.StreamReader(limit=limit)
    reader.feed_data(data)
    reader.feed_eof()
    return await read_line(reader, longest)


async def test_a_line_is_returned_without_its_end() -> None:
    assert await line_of(b"EHLO x\r\nNOOP\r\n") == b"EHLO x"
    assert await line_of(b"\r\n") == b""
    assert await line_of(b"x" * 62 + b"\r\n") == b"x" * 62


@pytest.mark.parametrize(
    "data",
    [b"NOOP\n", b"NO\rOP\r\n", b"NOOP\r\r\n", b"NO\0OP\r\n", b"\n", b"a" * 500 + b"\n",
     b"a" * 500 + b"\ra" * 300 + b"\r\n", b"a\0" * 500 + b"\r\n",
     b"a" * 127 + b"\r" + b"b" * 300 + b"\r\n"],
)  # fmt: skip
async def test_a_line_whose_end_is_in_doubt_is_unsafe(data: bytes) -> None:
    with pytest.raises(UnsafeLineError):
        await line_of(data)


@pytest.mark.parametrize("length", [63, 126, 127, 128, 129, 130, 5000, 100_000])
async def test_a_long_line_is_read_to_its_end(length: int) -> None:
    reader = asyncio.StreamReader(limit=128)
    reader.feed_data(b"x" * length + b"\r\nNOOP\r\n")
    with pytest.raises(LineTooLongError):
        await read_line(reader, 64)
    assert await read_line(reader, 64) == b"NOOP"


async def test_a_line_without_end_is_given_up() -> None:
    with pytest.raises(UnsafeLineError):
        await line_of(b"x" * (DISCARDED_AT_MOST + 1000))


@pytest.mark.parametrize("data", [b"", b"NOOP", b"NOOP\r", b"x" * 1000])
async def test_a_line_that_is_cut_off_is_no_line(data: bytes) -> None:
    with pytest.raises(EOFError):
        await line_of(data)
