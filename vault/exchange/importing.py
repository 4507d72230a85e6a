"""Importing: packages of an export, brought into this vault under its own keys.

    there      a package with this id is in the vault already: nothing is done
    imported   package, grants, requests, holds and evidence, in one transaction
    refused    a file is not what the manifest says, or says what cannot be: nothing is done

Promises that of a package which is refused nothing is written; that ids, dates and states are as
they were; and that our own trail tells of the import alone, with the hash of the evidence. Must
never believe a file: every one is compared with the manifest, and every value with its limits.
Nor send a letter: nobody is told of an import, nor reminded of what came by it.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy import exists, or_, select

from vault.copies.archive import Told
from vault.errors import StoreUnavailable
from vault.exchange import bringing, dossier
from vault.exchange.arriving import Arrived, Refused, arrive
from vault.exchange.dossier import Dossier, NotADossier, State
from vault.exchange.folder import ABOUT, DOSSIER, MANIFEST, About, ExportFolder, ExportUnusable
from vault.exchange.manifest import Entry, digest_of, entries
from vault.keys import SealingKeys
from vault.packages.hours import OpenHours
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction

Identify = Callable[[bytes], str]
"""Returns the Message-ID in the beginning of a message, "" if it has none."""


@dataclass(slots=True)
class Imported:
    """What an import has done. `refused` has an id and a reason for each."""

    imported: int = 0
    there: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where packages are brought in: the vault, what seals there, and who does it."""

    store: Store
    keys: SealingKeys
    by: str
    identify: Identify


def begin(folder: ExportFolder, expected: str = "") -> About:
    """Look at an export; `expected` is the SHA-256 of its manifest, where it is known.

    Raises ExportUnusable for what was never finished, or is another.
    """
    if folder.length_of(ABOUT) is None or folder.length_of(MANIFEST) is None:
        raise ExportUnusable(f"{folder.folder} is no export, or one that was never finished")
    if expected and digest_of(folder, MANIFEST) != expected.lower():
        raise ExportUnusable(f"{MANIFEST} has another SHA-256: this is not the export you mean")
    first = next(entries(folder), None)
    if first is None or first.name != ABOUT or digest_of(folder, ABOUT) != first.sha256:
        raise ExportUnusable(f"{ABOUT} is not what was exported")
    about = folder.about()
    if about is None or about.counts is None:
        raise ExportUnusable(f"{folder.folder} holds an export that was never finished")
    return about


def bring_in(place: Place, folder: ExportFolder, about: About, told: Told = int) -> Imported:
    """Import the packages of an export; `told` hears of the files' bytes.

    Raises StoreUnavailable and ExportUnusable; what is imported stays, and the same call goes on.
    """
    done = Imported()
    named = (entry for entry in entries(folder) if entry.name != ABOUT)
    for package_id, group in groupby(named, key=_id_of):
        files = {entry.name: entry.sha256 for entry in group}
        try:
            if _import(place, folder, about, package_id, files):
                done.imported += 1
            else:
                done.there += 1
        except Refused as error:
            done.refused.append((package_id, str(error)))
        told(sum(folder.length_of(name) or 0 for name in files))
    return done


def _id_of(entry: Entry) -> str:
    return entry.name.rpartition("/")[2].partition(".")[0]


def _import(
    place: Place,
    folder: ExportFolder,
    about: About,
    package_id: str,
    files: Mapping[str, str],
) -> bool:
    """Import one package; False if it is there. Raises Refused."""
    with place.store.reading() as tx:
        if _is_there(tx, package_id):
            return False
    told, hashed = _read(folder, files)
    _check(told, about, package_id, files)
    arrived = _arrived(place, folder, told)
    message_id = place.identify(arrived.head) if arrived is not None and arrived.head else ""
    kept = False
    try:
        with place.store.writing(turns.package(package_id)) as tx:
            if not _is_there(tx, package_id):
                _refuse_taken(tx, told, arrived)
                bringing.write(tx, place.keys, told, arrived, message_id, (place.by, hashed))
                kept = True
    except BaseException:
        kept = False
        raise
    finally:
        if not kept and arrived is not None and isinstance(arrived.stored, str):
            with suppress(StoreUnavailable):  # it is swept later
                place.store.contents.delete(arrived.stored)
    return kept


def _read(folder: ExportFolder, files: Mapping[str, str]) -> tuple[Dossier, str]:
    """Return a dossier and its SHA-256."""
    name = next((one for one in files if one.endswith(DOSSIER)), "")
    if not name:
        raise Refused("its dossier is missing")
    try:
        data = folder.read(name, dossier.LONGEST)
        found = hashlib.sha256(data).hexdigest()
        if found != files[name]:
            raise Refused(f"{name} is not what was exported")
        return Dossier.read(data), found
    except (ExportUnusable, NotADossier) as error:
        raise Refused(f"{name}: {error}") from None


def _check(told: Dossier, about: About, package_id: str, files: Mapping[str, str]) -> None:
    """Refuse a dossier that contradicts the export, or itself."""
    if (told.id, told.export) != (package_id, about.export):
        raise Refused("its dossier is that of another package, or of another export")
    if told.state is State.UNREADABLE:
        raise Refused("it could not be read when it was exported: export it again")
    content = told.content
    named = {} if content is None else {content.file: content.sha256}
    if {name: files[name] for name in files if not name.endswith(DOSSIER)} != named:
        raise Refused("its dossier does not name the file that is there")
    there = (content is not None, told.lock is not None, told.summary is not None)
    wanted = {
        State.OPENED: (True, False, True),
        State.LOCKED: (True, True, False),
        State.DESTROYED: (False, False, False),
    }
    if there != wanted[told.state]:
        raise Refused("its dossier contradicts itself")
    addresses = [grant.address for grant in told.grants]
    if len(set(addresses)) != len(addresses):
        raise Refused("its dossier names an address twice")
    try:
        OpenHours.parse(told.open_hours) if told.open_hours else None
    except ValueError:
        raise Refused("its opening hours cannot be read") from None


def _arrived(place: Place, folder: ExportFolder, told: Dossier) -> Arrived | None:
    if told.content is None:
        return None
    try:
        return arrive(place.store, place.keys.vault, folder, told, told.content)
    except ExportUnusable as error:
        raise Refused(str(error)) from None


def _is_there(tx: Transaction, package_id: str) -> bool:
    wanted = select(tables.packages.c.id).where(tables.packages.c.id == package_id)
    return tx.execute(wanted).first() is not None


def _refuse_taken(tx: Transaction, told: Dossier, arrived: Arrived | None) -> None:
    """Refuse what has a name that is something else's here."""
    package, hold, content = tables.packages.c, tables.holds.c, tables.contents.c
    taken = [
        exists().where(package.reference == told.reference),
        exists().where(hold.reference == told.reference),
    ]
    if arrived is not None:
        taken.append(exists().where(content.id == arrived.content_id))
    if tx.execute(select(or_(*taken))).scalar():
        raise Refused(f"another message here has the reference {told.reference}, or its content")
