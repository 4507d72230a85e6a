"""A backup: one state of the database, and every content that it names.

The database is copied first, while the node runs, and then the contents that this state names;
they are never rewritten, so a later backup copies only what is new.

Promises that a backup which is called complete holds every content that its database names, with
its hash, and that each was read back; and that a content which was destroyed meanwhile is neither
in the backup nor named by it. Must never hold a key that opens anything, unless it is asked for.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vault.contents import Contents, stream
from vault.copies import snapshot
from vault.copies.archive import (
    CONTENTS,
    DATABASE,
    KEYS,
    Archive,
    BackupUnusable,
    Facts,
    Told,
    copy,
    digest_of,
    facts_of,
    flush,
    hashes_of,
    write,
    write_facts,
    write_hashes,
)
from vault.copies.snapshot import Content
from vault.errors import StoreUnavailable
from vault.settings import VaultSettings


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that is complete: where it is, how much it needs, and how much of that is new."""

    folder: Path
    facts: Facts
    copied: int
    copied_bytes: int


def make(
    settings: VaultSettings,
    contents: Contents,
    archive: Archive,
    now: datetime,
    *,
    keys: Path | None = None,
    told: Told = int,
) -> Made:
    """Make a backup in `archive`; `keys` is the folder of the keys, if they are to be in it.

    Raises BackupUnusable; StoreUnavailable, when a content cannot be read.
    """
    with archive.alone():
        name = f"{now:%Y%m%dT%H%M%SZ}"
        if (archive.folder / name).exists():
            raise BackupUnusable(f"{archive.folder / name} is there already; wait a second")
        partial = archive.folder / f".{name}.partial"
        _forget_partial(archive)
        try:
            partial.mkdir(mode=0o700)
            made = _fill(settings, contents, archive, partial, now, keys, told)
            final = partial.rename(archive.folder / name)
            flush(archive.folder)
        except OSError as error:
            raise BackupUnusable(f"{archive.folder}: {error.strerror}") from None
        except sqlite3.Error as error:
            why = getattr(error, "sqlite_errorname", type(error).__name__)
            raise BackupUnusable(f"the database cannot be copied: {why}") from None
    return Made(final, made.facts, made.copied, made.copied_bytes)


def _fill(
    settings: VaultSettings,
    contents: Contents,
    archive: Archive,
    partial: Path,
    now: datetime,
    keys: Path | None,
    told: Told,
) -> Made:
    database = partial / DATABASE
    snapshot.take(settings, database, told)
    known = _known(archive)
    hashes: dict[str, str] = {}
    copied = copied_bytes = total = 0
    for one in snapshot.contents_of(database):
        size = stream.sealed_size(one.size)
        digest = None
        if _is_kept(archive, one):  # by this backup's forerunner, or by one that was interrupted
            digest = known.get(one.id) or digest_of(archive.content(one.id))
        if digest is None:
            digest = _copy(settings, contents, archive, one)
            if digest is None:
                snapshot.let_go(settings, database, one.id)
                continue
            copied, copied_bytes = copied + 1, copied_bytes + size
        hashes[one.id] = digest
        total += size
        told(size)
    write_hashes(partial, hashes)
    if keys is not None:
        _copy_keys(keys, partial / KEYS)
    flush(archive.folder / CONTENTS)
    flush(database)
    facts = Facts(
        made_at=now.isoformat(),
        schema=snapshot.schema_of(database),
        database_sha256=digest_of(database),
        contents=len(hashes),
        content_bytes=total,
        with_keys=keys is not None,
    )
    write_facts(partial, facts)
    return Made(partial, facts, copied, copied_bytes)


def size_of(backup: Path) -> int:
    """Return how many bytes a backup has with its contents; raises BackupUnusable."""
    facts = facts_of(backup)
    database = backup / DATABASE
    return facts.content_bytes + (database.stat().st_size if database.exists() else 0)


def verify(archive: Archive, backup: Path, told: Told = int) -> Facts:
    """Read all of a backup again; raises BackupUnusable that names what is damaged."""
    facts = facts_of(backup)
    try:
        if digest_of(backup / DATABASE, told) != facts.database_sha256:
            raise BackupUnusable(f"{backup / DATABASE} is damaged")
        hashes = hashes_of(backup)
        for one in snapshot.contents_of(backup / DATABASE):
            path = archive.content(one.id)
            if digest_of(path, told) != hashes.get(one.id):
                raise BackupUnusable(f"{path} is damaged")
    except FileNotFoundError as error:
        raise BackupUnusable(f"{error.filename} is missing") from None
    return facts


def _known(archive: Archive) -> dict[str, str]:
    """Return the hashes of the newest backup, of contents that need not be copied again."""
    try:
        return hashes_of(archive.newest())
    except BackupUnusable:
        return {}


def _is_kept(archive: Archive, one: Content) -> bool:
    path = archive.content(one.id)
    return path.exists() and path.stat().st_size == stream.sealed_size(one.size)


def _copy(
    settings: VaultSettings, contents: Contents, archive: Archive, one: Content
) -> str | None:
    """Copy one content and read it back; None if it was let go meanwhile."""
    place: str | None = one.place
    while place is not None:
        try:
            return _copy_from(contents, archive, one, place)
        except StoreUnavailable:
            before, place = place, snapshot.place_now(settings, one.id)
            if place == before:
                raise
    return None


def _copy_from(contents: Contents, archive: Archive, one: Content, place: str) -> str:
    final = archive.content(one.id)
    coming = final.with_suffix(".coming")
    handle = os.open(coming, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file, closing(contents.open(place)) as source:
        digest = copy(source, file.write)
        file.flush()
        os.fsync(handle)
    if coming.stat().st_size != stream.sealed_size(one.size):
        raise BackupUnusable(f"content {one.id} is damaged where it lies: it has another size")
    if digest_of(coming) != digest:
        raise BackupUnusable(f"{coming} does not read back as it was written: is the disk damaged?")
    coming.rename(final)
    return digest


def _copy_keys(keys: Path, target: Path) -> None:
    target.mkdir(mode=0o700)
    for path in sorted(keys.iterdir()):
        if path.is_file():
            write(target / path.name, path.read_bytes())


def _forget_partial(archive: Archive) -> None:
    """Remove what a backup left that was interrupted; its contents are kept for the next."""
    for path in archive.folder.glob(".*.partial"):
        shutil.rmtree(path)
