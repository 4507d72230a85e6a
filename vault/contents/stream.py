"""Content of any length, sealed in chunks so that a damaged or cut stream is never believed.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over AES-256-GCM: a chunk's
nonce is its number and a last-chunk flag, and every chunk is bound to the whole header. The header
commits to the key, names the package and the part, and salts the key of this one stream.
`docs/reference/sealed-format.md` describes it byte by byte.

Promises that no byte is handed out before it is authenticated.
Must never accept a version or suite outside `SUITES`, nor say which byte was wrong.
"""

import hmac
import io
import secrets
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vault import identifier
from vault.contents.interface import Source
from vault.errors import Tampered
from vault.secrets import Secret

MAGIC = b"SEALGATE"
VERSION = 1
AES_256_GCM_HKDF_SHA256 = 1
SUITES = frozenset({(VERSION, AES_256_GCM_HKDF_SHA256)})

CHUNK_EXPONENT = 20  # 1 MiB: the fastest size measured, and little to hold in memory
SMALLEST_EXPONENT, LARGEST_EXPONENT = 4, 24

KEY_SIZE = 32
TAG_SIZE = 16
SALT_SIZE = 32
COMMITMENT_SIZE = 32
_NAMED = struct.Struct(f">8sBBB{identifier.LENGTH}sI")  # everything before salt and commitment
HEADER_SIZE = _NAMED.size + SALT_SIZE + COMMITMENT_SIZE  # 105 bytes
_KEY_LABEL = b"sealgate/v1/stream"

Writable = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class PartId:
    """Which part of which package a stream is: the content is part 0."""

    package_id: str
    part: int

    def __post_init__(self) -> None:
        if not identifier.is_identifier(self.package_id):
            raise ValueError("a package id is 26 letters and digits of base32")
        if not 0 <= self.part < 2**32:
            raise ValueError("a part number has 32 bits")


class StreamWriter:
    """Seals what is written and gives the sealed bytes to `sink`, one chunk at a time.

    `key` is the content key of the package (32 bytes). Each writer draws a salt, so the same key,
    package and part may be written again without a nonce ever being used twice.
    """

    def __init__(
        self,
        sink: Callable[[bytes], object],
        key: Secret,
        part: PartId,
        *,
        exponent: int = CHUNK_EXPONENT,
    ) -> None:
        if not SMALLEST_EXPONENT <= exponent <= LARGEST_EXPONENT:
            raise ValueError(f"a chunk is 2^{SMALLEST_EXPONENT} to 2^{LARGEST_EXPONENT} bytes")
        named = _name(part, exponent)
        salt = secrets.token_bytes(SALT_SIZE)
        aead, commitment = _keys(key, named, salt)
        self._header = named + salt + commitment
        self._aead: AESGCM | None = aead
        self._chunk_size = 1 << exponent
        self._held = bytearray()
        self._number = 0
        self._sink = sink
        sink(self._header)

    def write(self, data: Writable) -> None:
        """Take any number of bytes; ValueError after `finish`."""
        if self._aead is None:
            raise ValueError("the stream is finished")
        view = memoryview(data).cast("B")
        while view:
            if len(self._held) == self._chunk_size:  # more follows, so this one is not the last
                self._emit(self._aead, last=False)
            room = self._chunk_size - len(self._held)
            self._held += view[:room]
            view = view[room:]

    def finish(self) -> None:
        """Seal the last chunk, which may be empty only if nothing was written."""
        if self._aead is None:
            raise ValueError("the stream is finished")
        self._emit(self._aead, last=True)
        self._aead = None

    def _emit(self, aead: AESGCM, *, last: bool) -> None:
        sealed = aead.encrypt(_nonce(self._number, last=last), self._held, self._header)
        self._number += 1
        self._held.clear()
        self._sink(sealed)


def read_stream(source: Callable[[int], bytes], key: Secret, part: PartId) -> Iterator[bytes]:
    """Yield the plaintext of a sealed stream, chunk by chunk.

    `source(n)` returns at most n bytes and b"" at the end, like the `read` of a file.
    Raises Tampered before handing out any byte of a chunk that is not authentic, and at the end
    of a stream that was cut short or added to.
    """
    header = _exactly(source, HEADER_SIZE)
    aead, chunk_size = _accept(header, key, part)
    record_size = chunk_size + TAG_SIZE
    record = _exactly(source, record_size)
    number = 0
    while True:
        following = _exactly(source, record_size) if len(record) == record_size else b""
        last = not following
        plain = _open(aead, _nonce(number, last=last), record, header)
        if not plain and number:
            raise Tampered  # one content, one form: only an empty stream ends in an empty chunk
        yield plain
        if last:
            return
        record, number = following, number + 1


def read_range(
    open_at: Callable[[int, int], Source],
    key: Secret,
    part: PartId,
    size: int,
    wanted: range,
) -> Iterator[bytes]:
    """Yield the bytes `wanted` (`start` to `stop`) of a plaintext of `size` bytes.

    `open_at(start, stop)` gives these bytes of the sealed stream. Only the header and the chunks
    in which the wanted bytes are get read. Raises Tampered as `read_stream` does; what was added
    behind the last chunk it does not see.
    """
    if not 0 <= wanted.start <= wanted.stop <= size:
        raise ValueError("the range is not within the content")
    with closing(open_at(0, HEADER_SIZE)) as source:
        header = _exactly(source.read, HEADER_SIZE)
    aead, chunk_size = _accept(header, key, part)
    if not wanted:
        return
    record_size = chunk_size + TAG_SIZE
    first, after = wanted.start // chunk_size, -(-wanted.stop // chunk_size)
    last = (size - 1) // chunk_size
    where = (HEADER_SIZE + number * record_size for number in (first, after))
    with closing(open_at(*where)) as source:
        for number in range(first, after):
            record = _exactly(source.read, record_size)
            plain = _open(aead, _nonce(number, last=number == last), record, header)
            before = number * chunk_size
            yield plain[max(0, wanted.start - before) : wanted.stop - before]


def sealed_size(size: int, exponent: int = CHUNK_EXPONENT) -> int:
    """Return how many bytes a plaintext of `size` bytes is when it is sealed."""
    chunks = max(1, -(-size // (1 << exponent)))
    return HEADER_SIZE + size + chunks * TAG_SIZE


def seal_part(data: Writable, key: Secret, part: PartId) -> bytes:
    """Seal a small part in one go."""
    sealed: list[bytes] = []
    writer = StreamWriter(sealed.append, key, part)
    writer.write(data)
    writer.finish()
    return b"".join(sealed)


def open_part(sealed: bytes, key: Secret, part: PartId) -> bytes:
    """Open what `seal_part` made; raises Tampered."""
    return b"".join(read_stream(io.BytesIO(sealed).read, key, part))


def _name(part: PartId, exponent: int) -> bytes:
    package_id = part.package_id.encode("ascii")
    return _NAMED.pack(MAGIC, VERSION, AES_256_GCM_HKDF_SHA256, exponent, package_id, part.part)


def _keys(key: Secret, named: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    """Derive the key of this stream and the commitment to it (HKDF, RFC 5869)."""
    if len(key) != KEY_SIZE:
        raise ValueError("a content key is 32 bytes")
    size = KEY_SIZE + COMMITMENT_SIZE
    derived = HKDF(SHA256(), size, salt, _KEY_LABEL + named).derive(key.reveal())
    return AESGCM(derived[:KEY_SIZE]), derived[KEY_SIZE:]


def _accept(header: bytes, key: Secret, part: PartId) -> tuple[AESGCM, int]:
    if len(header) != HEADER_SIZE:
        raise Tampered
    magic, version, suite, exponent, package_id, number = _NAMED.unpack_from(header)
    if magic != MAGIC or (version, suite) not in SUITES:
        raise Tampered
    if not SMALLEST_EXPONENT <= exponent <= LARGEST_EXPONENT:
        raise Tampered
    if (package_id, number) != (part.package_id.encode("ascii"), part.part):
        raise Tampered
    named, salt = header[: _NAMED.size], header[_NAMED.size : _NAMED.size + SALT_SIZE]
    aead, commitment = _keys(key, named, salt)
    if not hmac.compare_digest(commitment, header[_NAMED.size + SALT_SIZE :]):
        raise Tampered
    return aead, 1 << exponent


def _open(aead: AESGCM, nonce: bytes, record: bytes, header: bytes) -> bytes:
    try:
        return aead.decrypt(nonce, record, header)
    except InvalidTag:
        raise Tampered from None


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _exactly(source: Callable[[int], bytes], size: int) -> bytes:
    """Read `size` bytes, fewer only at the end: a source may answer with less than was asked."""
    piece = source(size)
    if len(piece) == size or not piece:
        return piece
    pieces = [piece]
    missing = size - len(piece)
    while missing and (piece := source(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
