"""Sealed content in a local folder, safe against a crash and a power cut.

    tmp/<random>      being written: belongs to no package, swept after a day and a half
    <identifier>      complete and flushed; written once, never changed

Promises, by this order, that a content id which was returned survives a power cut: write, flush the
file, close it, rename it, flush the folder. A flush that fails is never tried again, because the
kernel may have dropped the pages and would then report success: the file counts as lost.
Must never hold anything that is not ciphertext, nor follow an id that is not of our own making.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from vault import identifier
from vault.contents.interface import ABANDONED_AFTER, Source
from vault.errors import StoreUnavailable

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class ContentFile:
    """One content on its way to the disk: `write`, then `commit` or `abort`."""

    def __init__(self, folder: Path) -> None:
        """Create the temporary file; raises StoreUnavailable."""
        self._folder = folder
        self.path = folder / "tmp" / identifier.draw()
        try:
            self._handle: int | None = os.open(self.path, _NEW_FILE, 0o600)
        except OSError as error:
            raise _unavailable("created", error) from error

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append all of `data`; on failure the file is removed and StoreUnavailable raised."""
        if self._handle is None:
            raise StoreUnavailable("the content file is closed")
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._handle, view) :]
        except OSError as error:
            self.abort()
            raise _unavailable("written", error) from error

    def look(self) -> BinaryIO:
        """Open what is there so far; raises StoreUnavailable."""
        try:
            return self.path.open("rb")
        except OSError as error:
            raise _unavailable("opened", error) from error

    def commit(self) -> str:
        """Make the content durable and return its id; on failure it is gone (StoreUnavailable)."""
        if self._handle is None:
            raise StoreUnavailable("the content file is closed")
        content_id = identifier.draw()
        try:
            os.fsync(self._handle)
            handle, self._handle = self._handle, None
            os.close(handle)
            final = self._folder / content_id
            self.path.rename(final)
            self.path = final
            _flush_folder(self._folder)
        except OSError as error:
            self.abort()
            raise _unavailable("flushed", error) from error
        return content_id

    def close(self) -> None:
        """Do nothing: what was committed is the one file there is."""

    def abort(self) -> None:
        """Close and remove the file, whatever its state; never raises."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            with suppress(OSError):
                os.close(handle)
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


class ContentFolder:
    """A folder of sealed contents; safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        """Create the folder if need be, and sweep what earlier processes left half-written."""
        self._folder = folder
        try:
            for path in (folder, folder / "tmp"):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _flush_folder(folder.parent)
        except OSError as error:
            raise _unavailable("created", error) from error
        self.sweep()

    def create(self) -> ContentFile:
        """Begin a new content; raises StoreUnavailable."""
        return ContentFile(self._folder)

    def open(self, content_id: str, start: int = 0, stop: int | None = None) -> Source:
        """Open the bytes from `start` up to `stop`; StoreUnavailable, also when it is not there.

        A row never names a content that was not flushed first, so one that is missing means a
        volume that is not mounted or a restore that is not finished: worth trying again.
        """
        try:
            file = self.path_of(content_id).open("rb")
            file.seek(start)
        except OSError as error:
            raise _unavailable("opened", error) from error
        return file if stop is None else _Portion(file, stop - start)

    def delete(self, content_id: str) -> None:
        """Remove a content that no row names any more; raises StoreUnavailable."""
        try:
            self.path_of(content_id).unlink(missing_ok=True)
        except OSError as error:
            raise _unavailable("deleted", error) from error

    def sweep(self, older_than: timedelta = ABANDONED_AFTER) -> int:
        """Remove half-written files not touched for `older_than`; returns how many.

        Nothing in `tmp` was ever acknowledged, so removing it loses nothing.
        """
        limit = time.time() - older_than.total_seconds()
        removed = 0
        for path in (self._folder / "tmp").iterdir():
            with suppress(OSError):  # another process may be sweeping too
                if path.stat().st_mtime < limit:
                    path.unlink()
                    removed += 1
        return removed

    def settled(self, older_than: timedelta = ABANDONED_AFTER) -> Iterator[str]:
        """Yield the ids of complete contents not touched for `older_than`."""
        limit = time.time() - older_than.total_seconds()
        with os.scandir(self._folder) as found:
            for entry in found:
                with suppress(OSError):  # it may be deleted meanwhile
                    if identifier.is_identifier(entry.name) and entry.stat().st_mtime < limit:
                        yield entry.name

    def path_of(self, content_id: str) -> Path:
        """Return where a content lies; ValueError for anything that is not an identifier."""
        if not identifier.is_identifier(content_id):
            raise ValueError("not a content id")
        return self._folder / content_id


class _Portion:
    """The next bytes of a file, and no more of it."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none at the end."""
        piece = self._file.read(min(size, self._left))
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unavailable(what: str, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"sealed content could not be {what}: {error.strerror}")
