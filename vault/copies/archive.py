"""A folder of backups: what lies where in it, and what it says of itself.

    contents/<id>          ciphertext, once for all backups: a content is never rewritten
    <moment>/database.sqlite
    <moment>/contents.sha256   what this backup needs of `contents/`, as `sha256sum -c` reads it
    <moment>/backup.json       written last: a backup without it is none

Promises that a file which has its name is complete and was flushed, and that everything is readable
by its owner alone. Must never hold a key, unless it was asked for by name.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from vault import identifier
from vault.contents import Source
from vault.errors import VaultError

CONTENTS, KEYS = "contents", "keys"
DATABASE, MANIFEST, FACTS = "database.sqlite", "contents.sha256", "backup.json"
PIECE = 1 << 20
Told = Callable[[int], object]
"""Is told of every so many bytes that are done."""


class BackupUnusable(VaultError):
    """A backup is missing, incomplete or damaged, or cannot be made; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a backup says of itself: sizes in bytes, the moment as ISO 8601."""

    made_at: str
    schema: str
    database_sha256: str
    contents: int
    content_bytes: int
    with_keys: bool


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder of backups."""

    folder: Path

    def newest(self) -> Path:
        """Return the newest complete backup; raises BackupUnusable if there is none."""
        found = sorted(path.parent for path in self.folder.glob(f"[0-9]*/{FACTS}"))
        if not found:
            raise BackupUnusable(f"{self.folder} holds no complete backup")
        return found[-1]

    def content(self, content_id: str) -> Path:
        """Return where a content lies, whether it does or not."""
        if not identifier.is_identifier(content_id):
            raise ValueError("not a content id")
        return self.folder / CONTENTS / content_id

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make the folder and keep other backups out of it; raises BackupUnusable."""
        try:
            (self.folder / CONTENTS).mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise BackupUnusable(f"{self.folder} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise BackupUnusable(f"another backup into {self.folder} is under way") from None
        finally:
            os.close(handle)


def facts_of(backup: Path) -> Facts:
    """Read what a backup says of itself; raises BackupUnusable."""
    try:
        return Facts(**json.loads((backup / FACTS).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        raise BackupUnusable(f"{backup} is not a complete backup") from None


def write_facts(backup: Path, facts: Facts) -> None:
    """Declare a backup complete."""
    write(backup / FACTS, json.dumps(asdict(facts), indent=2).encode() + b"\n")


def hashes_of(backup: Path) -> dict[str, str]:
    """Read the SHA-256 of every content that a backup needs, by id; raises BackupUnusable."""
    try:
        lines = (backup / MANIFEST).read_text("ascii").splitlines()
        pairs = (line.split("  ", 1) for line in lines)
        return {name.rpartition("/")[2]: digest for digest, name in pairs}
    except (OSError, ValueError):
        raise BackupUnusable(f"{backup / MANIFEST} cannot be read") from None


def write_hashes(backup: Path, hashes: dict[str, str]) -> None:
    """Write the SHA-256 of every content that a backup needs."""
    lines = (f"{digest}  ../{CONTENTS}/{name}\n" for name, digest in sorted(hashes.items()))
    write(backup / MANIFEST, "".join(lines).encode())


def digest_of(path: Path, told: Told = int) -> str:
    """Return the SHA-256 of a file; raises OSError."""
    with path.open("rb") as file:
        return copy(file, lambda _: None, told)


def copy(source: Source, sink: Callable[[bytes], object], told: Told = int) -> str:
    """Give all of `source` to `sink` and return its SHA-256."""
    digest = hashlib.sha256()
    while piece := source.read(PIECE):
        digest.update(piece)
        sink(piece)
        told(len(piece))
    return digest.hexdigest()


def write(path: Path, data: bytes) -> None:
    """Write a file for its owner alone, and flush it and its name."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
    flush(path.parent)


def flush(path: Path) -> None:
    """Flush a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
