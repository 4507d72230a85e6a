"""Single files packed with gzip, bzip2 or xz, and tar archives, packed or not.

Promises that nothing is unpacked beyond the meter's room, and that each of several streams one
after the other is read. Must never trust a size that a header claims.
"""

import bz2
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable
from typing import Protocol

from policies.extraction.budgets import Unreadable
from policies.extraction.desk import Desk

_TOO_MUCH = "a packed file that unpacks to far too much"
_DAMAGED = "a packed file that is damaged"
_GZIP = 16 + zlib.MAX_WBITS
_MEMORY = 100 << 20  # of the xz decompressor, whose dictionary the file itself chooses
_ENDINGS = (".gz", ".bz2", ".xz", ".lzma", ".tgz", ".z")


class _Unpacker(Protocol):
    """What the standard library's decompressors have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def read_gzip(data: bytes, desk: Desk) -> None:
    """Read what is in a gzip file (RFC 1952), its stored name too."""
    _read_packed(data, lambda: zlib.decompressobj(_GZIP), desk)
    if data[3:4] and data[3] & 0x18:
        desk.name(data[10:300].partition(b"\0")[0].decode("latin-1"))


def read_bzip2(data: bytes, desk: Desk) -> None:
    """Read what is in a bzip2 file."""
    _read_packed(data, bz2.BZ2Decompressor, desk)


def read_lzma(data: bytes, desk: Desk) -> None:
    """Read what is in an xz or lzma file."""
    _read_packed(data, lambda: lzma.LZMADecompressor(memlimit=_MEMORY), desk)


def _read_packed(data: bytes, start: Callable[[], _Unpacker], desk: Desk) -> None:
    room = desk.meter.room(len(data))
    out = bytearray()
    try:
        while data:
            unpacker = start()
            out += unpacker.decompress(data, max(1, room + 1 - len(out)))
            if len(out) > room:
                raise Unreadable(_TOO_MUCH)
            if not unpacker.eof:
                raise Unreadable(_DAMAGED)
            data = unpacker.unused_data.lstrip(b"\0")
            desk.meter.enter()
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
        if not out:
            raise Unreadable(_DAMAGED) from None
        desk.inner(bytes(out), _without_ending(desk.file.names))
        desk.inner(data, ("the rest",))  # what follows the packed data
        return
    desk.inner(bytes(out), _without_ending(desk.file.names))


def _without_ending(names: tuple[str, ...]) -> tuple[str, ...]:
    """Name what is inside as an unpacker would."""
    return tuple(
        name.rpartition(".")[0] for name in names if name.lower().endswith(_ENDINGS) and "." in name
    )


def read_tar(data: bytes, desk: Desk) -> None:
    """Read the files of a tar archive, and the names of whatever else it lists."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                _read_member(archive, member, desk)
    except (tarfile.TarError, ValueError, EOFError, OSError):
        raise Unreadable("a tar archive that is damaged") from None


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo, desk: Desk) -> None:
    for text in (
        member.linkname,
        member.uname,
        member.gname,
        *map(str, member.pax_headers.values()),
    ):
        desk.say(text)
    source = archive.extractfile(member) if member.isreg() else None
    if source is None:
        desk.name(member.name)
        desk.meter.enter()
        return
    content = source.read(desk.meter.budgets.member)
    if len(content) < member.size:
        raise Unreadable("a tar archive that is damaged")
    desk.inner(content, (member.name,))
