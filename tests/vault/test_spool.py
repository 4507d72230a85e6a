"""The spool: gives back what it was given, and never leaves a readable byte on the disk."""

import errno
import hashlib
import io
import os
import resource
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.contents import ContentFolder
from vault.contents.spool import IN_MEMORY, INLINE_LIMIT, Spool
from vault.contents.stream import PartId, read_stream
from vault.errors import StoreUnavailable, Tampered
from vault.identifier import is_identifier

MARKER = b"the patient's name is on this line\r\n"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Shelf:
    contents: ContentFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spool") / "contents"


@pytest.fixture(scope="module")
def shelf(folder: Path) -> Shelf:
    return Shelf(ContentFolder(folder))


def disk(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def content(spool: Spool) -> bytes:
    return b"".join(spool.read())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3000), max_size=12), st.sampled_from([1, 97, 301]))
def test_round_trip_with_any_splits(shelf: Shelf, sizes: list[int], factor: int) -> None:
    pieces = [os.urandom(size * factor) for size in sizes]
    whole = b"".join(pieces)
    with Spool(shelf) as spool:
        for piece in pieces:
            spool.write(piece)
        spool.finish()
        assert spool.size == len(whole)
        assert spool.digest == hashlib.sha256(whole).digest()
        assert content(spool) == content(spool) == whole


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
def test_sizes_around_a_chunk(shelf: Shelf, folder: Path, size: int) -> None:
    data = os.urandom(size)
    spool = Spool.of(shelf, data)
    assert content(spool) == data
    spool.abort()
    assert disk(folder) == {}


def test_a_short_message_touches_no_disk(shelf: Shelf, folder: Path) -> None:
    spool = Spool.of(shelf, MARKER * 1000)
    assert disk(folder) == {}
    inline = spool._durable()
    assert isinstance(inline, bytes)
    assert inline == spool._durable()
    assert MARKER not in inline
    assert disk(folder) == {}
    part = PartId(spool.id, 0)
    opened = b"".join(read_stream(io.BytesIO(inline).read, spool._key, part))
    assert opened == MARKER * 1000


def test_a_message_of_one_chunk_is_in_memory_until_it_is_kept(shelf: Shelf, folder: Path) -> None:
    spool = Spool.of(shelf, bytes(CHUNK))
    assert disk(folder) == {}
    content_id = spool._durable()
    assert isinstance(content_id, str)
    assert set(disk(folder)) == {content_id}
    assert spool._durable() == content_id
    spool.abort()
    assert set(disk(folder)) == {content_id}, "the database owns it now"
    shelf.contents.delete(content_id)


@pytest.mark.parametrize(("size", "inline"), [(INLINE_LIMIT - 121, True), (INLINE_LIMIT, False)])
def test_the_inline_limit_counts_ciphertext(shelf: Shelf, size: int, inline: bool) -> None:
    with Spool.of(shelf, bytes(size)) as spool:
        kept = spool._durable()
        assert isinstance(kept, bytes) == inline
    if isinstance(kept, str):
        shelf.contents.delete(kept)


def test_a_long_message_is_noise_on_the_disk_from_its_first_byte(
    shelf: Shelf, folder: Path
) -> None:
    spool = Spool(shelf)
    seen: set[str] = set()
    for _ in range(12):
        spool.write(MARKER * 10_000)  # 360 kB
        for name, data in disk(folder).items():
            seen.add(name)
            assert b"patient" not in data
    spool.finish()
    assert len(seen) == 1
    assert next(iter(seen)).startswith("tmp/")
    [written] = disk(folder).values()
    assert len(written) > 4 * CHUNK
    assert len(set(written[200:4296])) > 200, "4 kB of noise has nearly all byte values"
    spool.abort()
    assert disk(folder) == {}


def test_the_marker_would_be_seen_if_it_were_there(shelf: Shelf, folder: Path) -> None:
    """The negative control of the test above: the same content without a spool."""
    file = shelf.contents.create()
    file.write(MARKER)
    assert any(b"patient" in data for data in disk(folder).values())
    file.abort()


def test_a_durable_message_can_still_be_read(shelf: Shelf, folder: Path) -> None:
    data = MARKER * 100_000
    spool = Spool.of(shelf, data)
    content_id = spool._durable()
    assert isinstance(content_id, str)
    assert content(spool) == data
    with shelf.contents.open(content_id) as file:
        kept = b"".join(read_stream(file.read, spool._key, PartId(spool.id, 0)))
    assert kept == data
    shelf.contents.delete(content_id)


def test_every_spool_has_its_own_id_and_key(shelf: Shelf) -> None:
    spools = [Spool(shelf) for _ in range(300)]
    assert all(is_identifier(spool.id) for spool in spools)
    assert len({spool.id for spool in spools}) == 300
    assert len({spool._key.reveal() for spool in spools}) == 300


def test_abort_is_harmless_at_any_time(shelf: Shelf, folder: Path) -> None:
    for size in (0, 10, 3 * CHUNK):
        begun = Spool(shelf)
        begun.write(bytes(size))
        finished = Spool.of(shelf, bytes(size))
        for spool in (begun, finished):
            spool.abort()
            spool.abort()
    assert disk(folder) == {}
    with pytest.raises(ValueError, match="aborted"):
        finished.read()
    with pytest.raises(ValueError, match="aborted"):
        finished._durable()


def test_leaving_by_an_exception_leaves_nothing(shelf: Shelf, folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Spool(shelf) as spool:  # noqa: PT012 - it is left
        spool.write(bytes(3 * CHUNK))
        assert disk(folder)
        raise KeyboardInterrupt
    assert disk(folder) == {}


def test_an_unfinished_message_is_not_read_or_kept(shelf: Shelf) -> None:
    spool = Spool(shelf)
    spool.write(b"x")
    for early in (spool.read, spool._durable):
        with pytest.raises(ValueError, match="not finished"):
            early()


def test_a_full_disk_while_receiving(shelf: Shelf, folder: Path) -> None:
    spool = Spool(shelf)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * CHUNK, hard))
    try:
        with pytest.raises(StoreUnavailable):
            spool.write(bytes(8 * CHUNK))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert disk(folder) == {}
    for further in (lambda: spool.write(bytes(2 * CHUNK)), spool.finish):
        with pytest.raises(StoreUnavailable):
            further()
    spool.abort()
    again = Spool.of(shelf, bytes(8 * CHUNK))  # space has returned
    assert sum(map(len, again.read())) == 8 * CHUNK
    again.abort()


@pytest.mark.parametrize("size", [CHUNK // 2, 3 * CHUNK])
def test_a_failed_flush_loses_the_message(
    shelf: Shelf, folder: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    spool = Spool.of(shelf, bytes(size))

    def failing(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StoreUnavailable):
        spool._durable()
    monkeypatch.undo()
    with pytest.raises(ValueError, match="aborted"):
        spool._durable()
    assert disk(folder) == {}


def test_a_changed_temporary_file_is_found(shelf: Shelf, folder: Path) -> None:
    spool = Spool.of(shelf, bytes(3 * CHUNK))
    [name] = disk(folder)
    with (folder / name).open("r+b") as file:
        file.seek(2 * CHUNK)
        file.write(b"changed")
    with pytest.raises(Tampered):
        content(spool)
    (folder / name).unlink()
    with pytest.raises(StoreUnavailable):
        content(spool)
    spool.abort()


def test_memory_holds_no_more_than_a_few_chunks(shelf: Shelf) -> None:
    spool = Spool(shelf)
    for _ in range(40):
        spool.write(bytes(CHUNK // 4))
        held = len(spool._writer._held) if spool._writer else 0
        assert len(spool._memory) + held <= IN_MEMORY + CHUNK
    spool.abort()


@pytest.mark.parametrize("size", [0, 5000, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_any_stretch_can_be_read(shelf: Shelf, size: int) -> None:
    whole = os.urandom(size)
    with Spool.of(shelf, whole) as spool:
        assert b"".join(spool) == whole
        edges = sorted(
            {0, size // 3, *(n for n in (CHUNK - 1, CHUNK, CHUNK + 1) if n < size), size}
        )
        for start in edges:
            for stop in (edge for edge in edges if edge >= start):
                pieces = list(spool.between(start, stop))
                assert b"".join(pieces) == whole[start:stop]
                assert all(len(piece) <= CHUNK for piece in pieces)
    with pytest.raises(ValueError, match="aborted"):
        next(spool.between(0, 0))


def test_a_stretch_of_what_was_changed_on_the_disk_is_not_read(shelf: Shelf, folder: Path) -> None:
    with Spool.of(shelf, bytes(3 * CHUNK)) as spool:
        (path,) = (one for one in folder.rglob("*") if one.is_file())
        data = bytearray(path.read_bytes())
        data[CHUNK * 2] ^= 1
        path.write_bytes(data)
        assert b"".join(spool.between(0, 10)) == bytes(10)
        with pytest.raises(Tampered):
            list(spool.between(CHUNK + 9, CHUNK + 10))
