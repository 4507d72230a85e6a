"""The sealed stream: every change, cut, swap and addition is found before a wrong byte is read."""

import io
import itertools
import struct
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.contents import stream
from vault.contents.stream import (
    HEADER_SIZE,
    PartId,
    StreamWriter,
    open_part,
    read_range,
    read_stream,
    seal_part,
    sealed_size,
)
from vault.errors import Tampered
from vault.identifier import draw
from vault.secrets import Secret

KEY = Secret(bytes(range(32)))
PART = PartId("a" * 26, 0)
EXPONENT = 4
CHUNK = 1 << EXPONENT
RECORD = CHUNK + stream.TAG_SIZE


def seal(
    data: bytes, *, key: Secret = KEY, part: PartId = PART, splits: tuple[int, ...] = ()
) -> bytes:
    sealed: list[bytes] = []
    writer = StreamWriter(sealed.append, key, part, exponent=EXPONENT)
    for begin, end in itertools.pairwise((0, *splits, len(data))):
        writer.write(data[begin:end])
    writer.finish()
    return b"".join(sealed)


def opened(sealed: bytes, key: Secret = KEY, part: PartId = PART) -> bytes:
    return b"".join(read_stream(io.BytesIO(sealed).read, key, part))


def refused(sealed: bytes, genuine: bytes, key: Secret = KEY, part: PartId = PART) -> bool:
    """True if reading fails and nothing but a true beginning of `genuine` came out before."""
    released = b""
    try:
        for piece in read_stream(io.BytesIO(sealed).read, key, part):
            released += piece
    except Tampered:
        assert genuine.startswith(released)
        return True
    return False


@given(st.binary(max_size=200), st.data())
def test_round_trip_however_it_is_written(data: bytes, draws: st.DataObject) -> None:
    splits = draws.draw(st.lists(st.integers(0, len(data)), max_size=9).map(sorted))
    sealed = seal(data, splits=tuple(splits))
    assert opened(sealed) == data
    records = max(1, -(-len(data) // CHUNK))
    assert len(sealed) == HEADER_SIZE + len(data) + records * stream.TAG_SIZE


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK - 1, 3 * CHUNK])
def test_sizes_around_a_chunk(size: int) -> None:
    data = bytes(range(size))
    assert opened(seal(data)) == data


@given(st.binary(max_size=100), st.integers(1, 40))
def test_a_source_may_answer_in_driblets(data: bytes, most: int) -> None:
    sealed = io.BytesIO(seal(data))
    source: Callable[[int], bytes] = lambda size: sealed.read(min(size, most))  # noqa: E731
    assert b"".join(read_stream(source, KEY, PART)) == data


def test_the_real_chunk_size() -> None:
    data = bytes(range(256)) * 10_000  # 2.56 MB: three chunks of 1 MiB
    assert open_part(seal_part(data, KEY, PART), KEY, PART) == data
    assert [
        len(p) for p in read_stream(io.BytesIO(seal_part(data, KEY, PART)).read, KEY, PART)
    ] == [
        1 << 20,
        1 << 20,
        len(data) - 2 * (1 << 20),
    ]


def test_every_flip_of_every_byte_is_found() -> None:
    data = bytes(range(3 * CHUNK - 5))
    sealed = seal(data)
    assert not refused(sealed, data)  # the control: the genuine one is read
    for position in range(len(sealed)):
        for change in (0x01, 0x80, 0xFF):
            forged = bytearray(sealed)
            forged[position] ^= change
            assert refused(bytes(forged), data), position


@pytest.mark.parametrize("size", [0, 5, CHUNK, 3 * CHUNK - 5, 3 * CHUNK])
def test_every_cut_is_found(size: int) -> None:
    data = bytes(range(size))
    sealed = seal(data)
    for length in range(len(sealed)):  # chunk borders, and one byte to either side, among them
        assert refused(sealed[:length], data), length


def test_every_addition_is_found() -> None:
    data = bytes(range(2 * CHUNK))
    sealed = seal(data)
    last = sealed[-RECORD:]
    for addition in (b"\0", b"\0" * 16, b"\0" * RECORD, last, last * 2, sealed):
        assert refused(sealed + addition, data)


def records(sealed: bytes) -> list[bytes]:
    body = sealed[HEADER_SIZE:]
    return [body[i : i + RECORD] for i in range(0, len(body), RECORD)]


def test_every_other_order_is_found() -> None:
    data = bytes(range(4 * CHUNK))
    sealed = seal(data)
    header, genuine = sealed[:HEADER_SIZE], records(sealed)
    found = 0
    for length in range(6):
        for order in itertools.product(genuine, repeat=length):
            if list(order) != genuine:
                assert refused(header + b"".join(order), data)
                found += 1
    assert found == sum(4**n for n in range(6)) - 1


def test_chunks_of_another_stream_do_not_fit() -> None:
    """Also not those of the same key, package, part and plaintext, sealed a second time."""
    data = bytes(range(3 * CHUNK))
    one, two = seal(data), seal(data)
    assert one != two
    for swapped in range(3):
        mixed = records(one)
        mixed[swapped] = records(two)[swapped]
        assert refused(one[:HEADER_SIZE] + b"".join(mixed), data)
    assert refused(one[:HEADER_SIZE] + two[HEADER_SIZE:], data)


def test_a_stream_is_tied_to_package_part_and_key() -> None:
    data = b"for one place only"
    places = [PartId("a" * 26, 0), PartId("a" * 26, 1), PartId("b" * 26, 0), PartId("a" * 26, 256)]
    for written, read in itertools.product(places, places):
        assert refused(seal(data, part=written), data, part=read) == (written != read)
    assert refused(seal(data), data, key=Secret(bytes(32)))


def test_a_header_made_to_name_another_place_does_not_open_there() -> None:
    sealed = bytearray(seal(b"x"))
    sealed[37:41] = struct.pack(">I", 7)
    assert refused(bytes(sealed), b"x", part=PartId(PART.package_id, 7))


@pytest.mark.parametrize(("offset", "value"), [(8, 0), (8, 2), (9, 0), (9, 2), (10, 3), (10, 25)])
def test_unknown_versions_suites_and_chunk_sizes_are_refused(offset: int, value: int) -> None:
    sealed = bytearray(seal(b"x"))
    sealed[offset] = value
    assert refused(bytes(sealed), b"x")


@pytest.mark.parametrize(("version", "suite"), [(1, 1), (0, 1), (2, 1), (1, 0), (1, 2)])
def test_another_version_is_refused_even_if_all_the_rest_agrees(version: int, suite: int) -> None:
    """A forger with the key could write any header; only what is on the list is read."""
    named = bytearray(stream._name(PART, EXPONENT))
    named[8:10] = bytes([version, suite])
    aead, commitment = stream._keys(KEY, bytes(named), bytes(32))
    header = bytes(named) + bytes(32) + commitment
    sealed = header + aead.encrypt(stream._nonce(0, last=True), b"x", header)
    assert refused(sealed, b"x") == ((version, suite) != (1, 1))


def test_a_key_that_only_decrypts_is_not_enough() -> None:
    """GCM alone can be made to open under two keys; the commitment in the header rules it out."""
    named = stream._name(PART, EXPONENT)
    aead, commitment = stream._keys(KEY, named, bytes(32))
    for committed in (commitment, bytes(32)):
        header = named + bytes(32) + committed
        sealed = header + aead.encrypt(stream._nonce(0, last=True), b"x", header)
        assert refused(sealed, b"x") == (committed != commitment)


def test_an_empty_chunk_at_the_end_of_a_full_one_is_refused() -> None:
    """A forger with the key could write one content in two forms; only one is read."""
    named = stream._name(PART, EXPONENT)
    aead, commitment = stream._keys(KEY, named, bytes(32))
    header = named + bytes(32) + commitment
    full = aead.encrypt(stream._nonce(0, last=False), bytes(CHUNK), header)
    empty = aead.encrypt(stream._nonce(1, last=True), b"", header)
    genuine = aead.encrypt(stream._nonce(0, last=True), bytes(CHUNK), header)
    assert refused(header + full + empty, bytes(CHUNK))
    assert not refused(header + genuine, bytes(CHUNK))


def test_no_two_streams_share_key_and_nonce() -> None:
    """The salt is drawn for each stream, so equal keys and places give unequal stream keys."""
    salts = {seal(b"", part=PART)[41:73] for _ in range(2000)}
    assert len(salts) == 2000


def test_nothing_is_released_before_it_is_authentic() -> None:
    data = bytes(range(3 * CHUNK))
    forged = bytearray(seal(data))
    forged[HEADER_SIZE + RECORD] ^= 1  # the first byte of the second chunk
    pieces = read_stream(io.BytesIO(bytes(forged)).read, KEY, PART)
    assert next(pieces) == data[:CHUNK]
    with pytest.raises(Tampered):
        next(pieces)


def test_a_finished_writer_takes_no_more() -> None:
    writer = StreamWriter(lambda sealed: None, KEY, PART)
    writer.finish()
    for further in (lambda: writer.write(b"x"), writer.finish):
        with pytest.raises(ValueError, match="finished"):
            further()


def test_what_cannot_be_sealed_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        StreamWriter(lambda sealed: None, Secret(b"short"), PART)
    with pytest.raises(ValueError, match="base32"):
        PartId("../../etc/passwd", 0)
    with pytest.raises(ValueError, match="32 bits"):
        PartId(draw(), 2**32)
    with pytest.raises(ValueError, match="chunk"):
        StreamWriter(lambda sealed: None, KEY, PART, exponent=3)


def test_memoryviews_and_bytearrays_are_taken_as_they_are() -> None:
    def pieces() -> Iterator[bytes | bytearray | memoryview]:
        yield b"ab"
        yield bytearray(b"cd")
        yield memoryview(b"xefx")[1:3]

    sealed: list[bytes] = []
    writer = StreamWriter(sealed.append, KEY, PART)
    for piece in pieces():
        writer.write(piece)
    writer.finish()
    assert opened(b"".join(sealed)) == b"abcdef"


class Ranges:
    """A sealed stream of which parts are asked for, and which these were."""

    def __init__(self, sealed: bytes) -> None:
        self.sealed = sealed
        self.asked: list[tuple[int, int]] = []

    def __call__(self, start: int, stop: int) -> io.BytesIO:
        self.asked.append((start, stop))
        return io.BytesIO(self.sealed[start:stop])


@given(st.binary(max_size=200), st.data())
def test_a_range_is_those_bytes_and_opens_no_other_chunk(data: bytes, draws: st.DataObject) -> None:
    start = draws.draw(st.integers(0, len(data)))
    stop = draws.draw(st.integers(start, len(data)))
    ranges = Ranges(seal(data))
    found = b"".join(read_range(ranges, KEY, PART, len(data), range(start, stop)))
    assert found == data[start:stop]
    fetched = sum(end - begin for begin, end in ranges.asked[1:])
    assert fetched <= (len(found) // CHUNK + 2) * RECORD
    assert sealed_size(len(data), EXPONENT) == len(ranges.sealed)


def test_a_range_of_something_else_is_refused() -> None:
    data = bytes(range(100))
    sealed = seal(data)
    flipped = bytearray(sealed)
    flipped[HEADER_SIZE + RECORD + 3] ^= 1
    inside = range(CHUNK, 2 * CHUNK)
    for wrong in (
        bytes(flipped),
        sealed[: HEADER_SIZE + RECORD],
        seal(data, key=Secret(bytes(32))),
    ):
        with pytest.raises(Tampered):
            list(read_range(Ranges(wrong), KEY, PART, len(data), inside))
    with pytest.raises(Tampered):  # a message that its row says is shorter than it is
        list(read_range(Ranges(sealed), KEY, PART, 2 * CHUNK, inside))
    with pytest.raises(ValueError, match="not within"):
        list(read_range(Ranges(sealed), KEY, PART, len(data), range(90, 101)))
