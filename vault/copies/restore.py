"""Restoring a backup where there is nothing: its contents first, and its database last.

The contents go wherever the settings say, a folder or an S3 store, and the rows of a working copy
of the database are told where. When all are there the working copy gets the database's name.

Promises to overwrite nothing, to believe no byte whose hash is not the backup's, and that what was
interrupted goes on where it stopped. Must never be run beside a node that serves.
"""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from vault.contents import Contents
from vault.copies import snapshot
from vault.copies.archive import (
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
)
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.schema import EARLIER

WORKING = "restoring.sqlite"
_WAITS = "restore:"  # what the place of a content begins with that is not there yet
_AT_ONCE = 64


def restore(
    settings: VaultSettings, contents: Contents, archive: Archive, backup: Path, told: Told = int
) -> Facts:
    """Restore a backup; raises BackupUnusable, StoreUnavailable."""
    refuse_living(settings)
    facts = facts_of(backup)
    if facts.schema not in EARLIER | {tables.SCHEMA_VERSION}:
        raise BackupUnusable(f"the backup has schema {facts.schema}: install the version it is of")
    try:
        working = _working_copy(settings, backup, facts, told)
        _fetch_all(working, contents, archive, hashes_of(backup), told)
        with closing(sqlite3.connect(working)) as database:
            database.execute("DELETE FROM meta WHERE name = 'restoring'")
            database.commit()
        flush(working)
        settings.database_file.hardlink_to(working)  # unlike a rename, it overwrites nothing
        working.unlink()
        flush(settings.database_file.parent)
    except FileExistsError:
        refuse_living(settings)
        raise
    except OSError as error:
        where = error.filename or settings.folder
        raise BackupUnusable(f"{where}: {error.strerror}") from None
    except sqlite3.Error as error:
        why = getattr(error, "sqlite_errorname", type(error).__name__)
        raise BackupUnusable(f"the database cannot be restored: {why}") from None
    return facts


def refuse_living(settings: VaultSettings) -> None:
    """Raise BackupUnusable where there is an installation already, or a backup cannot go."""
    if settings.is_postgresql:
        raise BackupUnusable(
            "A backup of this kind is restored into SQLite. Leave vault.database out of the "
            "settings, restore, then bring it over: "
            f"sealgate move --to {settings.database_name}\n"
            "What pg_dump has written goes back by pg_restore."
        )
    if settings.database_file.exists():
        raise BackupUnusable(
            f"{settings.database_file} is there: an installation is never overwritten. "
            "Restore into an empty folder, or move this one away first."
        )


def restore_keys(backup: Path, keys: Path) -> bool:
    """Put the keys of a backup in place, if it holds any; never over others. OSError."""
    if not (backup / KEYS).is_dir() or (keys.exists() and any(keys.iterdir())):
        return False
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted((backup / KEYS).iterdir()):
        write(keys / path.name, path.read_bytes())
    return True


def _working_copy(settings: VaultSettings, backup: Path, facts: Facts, told: Told) -> Path:
    """Return the working copy, made anew unless it is one of this backup."""
    working = settings.folder / WORKING
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _begun_from(working) == facts.database_sha256:
        told((backup / DATABASE).stat().st_size)
        return working
    for leftover in settings.folder.glob(f"{WORKING}*"):
        leftover.unlink()
    if digest_of(backup / DATABASE, told) != facts.database_sha256:
        raise BackupUnusable(f"{backup / DATABASE} is damaged: restore an earlier backup")
    os.close(os.open(working, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    shutil.copyfile(backup / DATABASE, working)
    with closing(sqlite3.connect(working)) as database:
        waits = f"UPDATE contents SET place = '{_WAITS}' || id WHERE place IS NOT NULL"  # noqa: S608 - a constant
        database.execute(waits)
        begun = "INSERT INTO meta (name, value) VALUES ('restoring', ?)"
        database.execute(begun, (facts.database_sha256,))
        database.commit()
    return working


def _begun_from(working: Path) -> str:
    if not working.exists():
        return ""
    asked = "SELECT value FROM meta WHERE name = 'restoring'"
    with suppress(sqlite3.Error), closing(sqlite3.connect(working)) as database:
        row = database.execute(asked).fetchone()
        return str(row[0]) if row else ""
    return ""


def _fetch_all(
    working: Path, contents: Contents, archive: Archive, hashes: dict[str, str], told: Told
) -> None:
    with closing(sqlite3.connect(working)) as database:
        for number, one in enumerate(snapshot.contents_of(working), 1):
            if one.place.startswith(_WAITS):
                place = _fetch(contents, archive.content(one.id), hashes.get(one.id, ""), told)
                said = "UPDATE contents SET place = ? WHERE id = ?"
                database.execute(said, (place, one.id))
            else:
                told(archive.content(one.id).stat().st_size)
            if number % _AT_ONCE == 0:
                database.commit()
        database.commit()


def _fetch(contents: Contents, path: Path, digest: str, told: Told) -> str:
    """Bring one content to its place and return that; raises BackupUnusable."""
    coming = contents.create()
    try:
        with path.open("rb") as file:
            if copy(file, coming.write, told) != digest:
                raise BackupUnusable(f"{path} is damaged: restore from another copy of the backup")
        return coming.commit()
    except FileNotFoundError:
        raise BackupUnusable(f"{path} is missing: restore from another copy of it") from None
    finally:
        coming.close()
