"""The folder of an export: what lies where in it, and how a file comes to be there.

    export.json                what the export says of itself
    packages/ab/abc….eml       a message as it was sent; or abc….sealed, its ciphertext
    packages/ab/abc….json      everything that is known of it, written after it
    manifest.sha256            every other file, as `sha256sum -c` reads it; written last

Promises that a file which has its name is complete and was flushed, and that everything is readable
by its owner alone. Must never write outside the folder, nor follow a link out of it.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from vault.copies import archive
from vault.errors import VaultError
from vault.exchange.dossier import Digest, Identifier, Line, Mailbox

ABOUT, MANIFEST, PACKAGES = "export.json", "manifest.sha256", "packages"
MESSAGE, SEALED, DOSSIER, PARTIAL = ".eml", ".sealed", ".json", ".partial"
_LONGEST_ABOUT = 10 << 20  # bytes of what an export says of itself


class ExportUnusable(VaultError):
    """A folder cannot be exported to, or is no export that can be trusted; the text says why."""


class Selection(BaseModel):
    """Which packages: these, of this sender, sealed in this time. By itself, every one."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    packages: list[Identifier] = []
    sender: Mailbox | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class Counts(BaseModel):
    """How many packages an export holds, by what there is of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    opened: int = 0
    locked: int = 0
    destroyed: int = 0
    unreadable: int = 0

    @property
    def packages(self) -> int:
        """How many there are."""
        return self.opened + self.locked + self.destroyed + self.unreadable


class About(BaseModel):
    """What an export says of itself. `finished_at` and `counts` are there when it is complete."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal["sealgate-export/1"] = "sealgate-export/1"
    export: Identifier
    organisation: Line
    audit_key: Line
    selection: Selection
    begun_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    counts: Counts | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written: its length in bytes and its SHA-256."""

    length: int
    sha256: Digest


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """The folder of one export. Raises ExportUnusable where the machine refuses something."""

    folder: Path

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make the folder, and keep other exports out of it."""
        with self._told():
            made = not self.folder.exists()
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if made:
                self.folder.chmod(0o700)
            handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise ExportUnusable(f"another export into {self.folder} is under way") from None
        finally:
            os.close(handle)

    def about(self) -> About | None:
        """Return what the export says of itself; None in a folder that is empty."""
        with self._told():
            if not (path := self.folder / ABOUT).exists():
                left = ABOUT + PARTIAL  # by one that was killed at its first step
                if any(one.name != left for one in self.folder.iterdir()):
                    raise ExportUnusable(f"{self.folder} is neither empty nor an export")
                return None
        try:
            return About.model_validate_json(self.read(ABOUT, _LONGEST_ABOUT))
        except ValidationError:
            raise ExportUnusable(f"{path} is not of a version that can be read here") from None

    def unfinish(self) -> None:
        """Take the manifest away: what it says is about to change."""
        with self._told():
            (self.folder / MANIFEST).unlink(missing_ok=True)

    def describe(self, about: About) -> None:
        """Write what the export says of itself."""
        self.write(ABOUT, [about.model_dump_json(indent=1).encode() + b"\n"])

    def read(self, name: str, limit: int) -> bytes:
        """Return a file of at most `limit` bytes."""
        with self._told(), self.open(name) as handle:
            data = _all(handle, limit + 1)
        if len(data) > limit:
            raise ExportUnusable(f"{name} is too long")
        return data

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a file in pieces."""
        with self.open(name) as handle:
            while True:
                with self._told():
                    piece = os.read(handle, archive.PIECE)
                if not piece:
                    return
                yield piece

    @contextmanager
    def open(self, name: str) -> Iterator[int]:
        """Open a file, which must be one and no link; gives its handle."""
        with self._told():
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            handle = os.open(self.folder / name, flags)
        try:
            yield handle
        finally:
            os.close(handle)

    def write(
        self, name: str, pieces: Iterable[bytes], agreed: Callable[[Written], object] = id
    ) -> Written:
        """Write a file piece by piece; it has its name only when all of it is on the disk.

        And when `agreed` has come back, to which is told what is about to have that name.
        """
        path = self.folder / name
        partial = path.with_name(path.name + PARTIAL)
        digest, length = hashlib.sha256(), 0
        with self._told():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(partial, flags, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in pieces:
                    digest.update(piece)
                    length += len(piece)
                    with self._told():
                        file.write(piece)
                with self._told():
                    file.flush()
                    os.fsync(handle)
            written = Written(length, digest.hexdigest())
            agreed(written)
            with self._told():
                partial.rename(path)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
        return written

    def length_of(self, name: str) -> int | None:
        """Return how long a file is, None if it is not there."""
        try:
            return (self.folder / name).lstat().st_size
        except OSError:
            return None

    def forget(self, package_id: str, *ends: str) -> None:
        """Remove what an earlier try has left of a package."""
        for end in ends:
            for left in ("", PARTIAL):
                with self._told(), suppress(FileNotFoundError):
                    (self.folder / (name_of(package_id, end) + left)).unlink()

    def flush(self) -> None:
        """Flush the names of everything."""
        with self._told():
            above = self.folder / PACKAGES
            for folder in (*sorted(above.glob("*")), above, self.folder):
                if folder.is_dir():
                    archive.flush(folder)

    def names(self) -> Iterator[str]:
        """Yield the name of every file but the manifest, in order."""
        with self._told():
            for entry in sorted(self.folder.iterdir()):
                if entry.name == PACKAGES and _is_folder(entry):
                    for shard in sorted(entry.iterdir()):
                        yield from _below(shard)
                elif entry.name != MANIFEST:
                    yield entry.name

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BlockingIOError:
            raise
        except OSError as error:
            raise ExportUnusable(f"{error.filename or self.folder}: {error.strerror}") from None


def name_of(package_id: str, end: str) -> str:
    """Return how a file of a package is called: `packages/ab/abc….eml`."""
    return f"{PACKAGES}/{package_id[:2]}/{package_id}{end}"


def _below(shard: Path) -> Iterator[str]:
    name = f"{PACKAGES}/{shard.name}"
    if not _is_folder(shard):
        yield name
        return
    yield from sorted(f"{name}/{one.name}" for one in shard.iterdir())


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _all(handle: int, limit: int) -> bytes:
    pieces, left = [], limit
    while left and (piece := os.read(handle, min(left, archive.PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
