"""A message on its way in, encrypted from the first byte that leaves memory.

The key exists only in this object until the message is deposited, so what a spool leaves on a disk
after a crash is noise. A short message touches no disk at all, and is encrypted only when it is put
into the database: most are read where they are, and passed on.

Promises that what `read` gives back is exactly what was written, as often as it is asked for.
Must never write plaintext, nor leave a file behind after `abort`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from vault import identifier
from vault.contents import Contents, Unfinished
from vault.contents.stream import (
    CHUNK_EXPONENT,
    HEADER_SIZE,
    KEY_SIZE,
    TAG_SIZE,
    PartId,
    StreamWriter,
    Writable,
    read_range,
    read_stream,
    seal_part,
)
from vault.errors import StoreUnavailable
from vault.secrets import Secret

CONTENT_PART = 0
IN_MEMORY = 1 << CHUNK_EXPONENT  # bytes of plaintext: one chunk
INLINE_LIMIT = 64 * 1024  # bytes of ciphertext that are better off in the database than in a file


class Shelf(Protocol):
    """What a spool needs of the store: somewhere to put content."""

    @property
    def contents(self) -> Contents:
        """The place for sealed content."""
        ...


class Spool:
    """One message: `write`, `finish`, then `read`; `abort` when it is not wanted (any more).

    `id` is the identifier of the package it may become. `size` and `digest` (SHA-256) describe the
    plaintext; the digest is there after `finish`. For one thread at a time.
    """

    def __init__(self, store: Shelf) -> None:
        self.id = identifier.draw()
        self.size = 0
        self.digest = b""
        self._key = Secret.random(KEY_SIZE)
        self._contents = store.contents
        self._part = PartId(self.id, CONTENT_PART)
        self._memory = bytearray()  # all of a short message
        self._writer: StreamWriter | None = None  # of a longer one, into the file
        self._file: Unfinished | None = None
        self._kept: bytes | str = b""
        self._aborted = False
        self._sha256 = hashlib.sha256()

    @classmethod
    def of(cls, store: Shelf, data: Writable) -> Self:
        """Return a finished spool that holds `data`."""
        spool = cls(store)
        spool.write(data)
        spool.finish()
        return spool

    def write(self, data: Writable) -> None:
        """Append to the message; raises StoreUnavailable, after which only `abort` is left."""
        if self._aborted:
            raise StoreUnavailable("the spool was aborted, or failed before")
        if self.digest:
            raise ValueError("the spool is finished")
        size = memoryview(data).nbytes
        if self._writer is None and self.size + size > IN_MEMORY:
            self._move_to_file()
        if self._writer is None:
            self._memory += data
        else:
            with self._abort_on_failure():
                self._writer.write(data)
        self._sha256.update(data)
        self.size += size

    def finish(self) -> None:
        """Declare the message complete, once or more often; raises StoreUnavailable."""
        if self.digest:
            return
        if self._writer is not None:
            with self._abort_on_failure():
                self._writer.finish()
        self.digest = self._sha256.digest()

    def read(self) -> Iterator[bytes]:
        """Yield the plaintext in pieces of up to 1 MiB; may be called any number of times.

        Raises ValueError before `finish` or after `abort`, and StoreUnavailable or Tampered if the
        disk does not give back what it was given.
        """
        if self._aborted or not self.digest:
            raise ValueError("the spool is not finished, or was aborted")
        return self._pieces()

    def between(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield these bytes of the plaintext, in pieces of up to 1 MiB; as often as asked for.

        Reads no more of the file than it must. Raises as `read` does.
        """
        if self._aborted or not self.digest:
            raise ValueError("the spool is not finished, or was aborted")
        if self._file is None:
            yield bytes(memoryview(self._memory)[start:stop])
            return
        wanted = range(start, stop)
        try:
            yield from read_range(self._open_at, self._key, self._part, self.size, wanted)
        except OSError as error:
            raise StoreUnavailable("the spooled content cannot be read") from error

    def __iter__(self) -> Iterator[bytes]:
        return self.read()

    def _open_at(self, start: int, _stop: int) -> BinaryIO:
        assert self._file is not None  # noqa: S101 - seen by who calls
        sealed = self._file.look()
        sealed.seek(start)
        return sealed

    def abort(self) -> None:
        """Forget the message and remove its temporary file; harmless at any time.

        Content that `_durable` has handed over is the database's, and stays.
        """
        self._aborted = True
        self._memory.clear()
        if self._file is not None:
            if self._kept:
                self._file.close()
            else:
                self._file.abort()
        self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.abort()

    def _durable(self, inline_limit: int = INLINE_LIMIT) -> bytes | str:
        """Return the ciphertext itself if it is short, otherwise the id of durable content.

        For `vault` alone. May be called again, with the same result. Raises StoreUnavailable,
        after which the content is lost.
        """
        if self._aborted or not self.digest:
            raise ValueError("the spool is not finished, or was aborted")
        if not self._kept:
            with self._abort_on_failure():
                self._kept = self._keep(inline_limit)
        return self._kept

    def _keep(self, inline_limit: int) -> bytes | str:
        if self._file is None and self.size + HEADER_SIZE + TAG_SIZE <= inline_limit:
            return seal_part(self._memory, self._key, self._part)
        if self._file is None:
            self._move_to_file().finish()
        assert self._file is not None  # noqa: S101 - either was there, or is now
        return self._file.commit()

    @contextmanager
    def _abort_on_failure(self) -> Iterator[None]:
        try:
            yield
        except StoreUnavailable:
            self.abort()
            raise

    def _move_to_file(self) -> StreamWriter:
        with self._abort_on_failure():
            file = self._file = self._contents.create()
            self._writer = StreamWriter(file.write, self._key, self._part)
            self._writer.write(self._memory)
        self._memory.clear()
        return self._writer

    def _pieces(self) -> Iterator[bytes]:
        if self._file is None:
            yield bytes(self._memory)
            return
        try:
            with self._file.look() as sealed:
                yield from read_stream(sealed.read, self._key, self._part)
        except OSError as error:
            raise StoreUnavailable("the spooled content cannot be read") from error
