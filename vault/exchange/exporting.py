"""Exporting: packages written to a folder, for whoever leaves or must hand them over.

    recorded   that some packages are exported, before anything of them is opened
    opened     each message streams into its file, or the ciphertext of what has a second lock
    told       its dossier says what is known of it, and the hash of that file
    finished   the manifest has the hash of everything; its own is on record before it is there

Promises flat memory, that nobody who sends or reads waits, and that a package's dossier is one
state of the database. What was interrupted goes on: a package with its dossier is not opened again,
unless it could not be read. Must never open anything whose line in the audit trail was not written,
nor what a second lock has shut; nor be imported by the SMTP door.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from vault import identifier
from vault.contents import ciphertext
from vault.copies.archive import Told
from vault.errors import StoreUnavailable, Tampered
from vault.exchange import compiling, dossier, manifest
from vault.exchange.compiling import Compiled, Issuer
from vault.exchange.dossier import LONGEST, Dossier, Glance, NotADossier, State
from vault.exchange.folder import (
    DOSSIER,
    MESSAGE,
    SEALED,
    About,
    Counts,
    ExportFolder,
    ExportUnusable,
    Selection,
    name_of,
)
from vault.keys.opening import OpeningKeys
from vault.packages.facts import locked_binding, open_summary
from vault.storage import tables
from vault.storage.store import Store
from vault.trail.audit import Act, printable, record

AT_ONCE = 20  # packages that one line of commits stands for: so many may be on record unopened
SILENT = 20  # contents in a row that did not answer: it is their store that is away
_PACKAGE = tables.packages.c
_LOCKED = "It has a second lock: only the words that its sender gave open this file."
_UNREADABLE = (
    "Its content could not be read: it is damaged, its place does not answer, or no key opens it."
)


@dataclass(frozen=True, slots=True)
class Finished:
    """A complete export: what it holds, and the SHA-256 of its manifest."""

    about: About
    counts: Counts
    manifest_sha256: str
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purpose:
    """Who has packages written out, and why: both go on record."""

    by: str
    why: str = ""
    disclosed: bool = False  # because two people have said so

    @property
    def act(self) -> Act:
        """What is on record of each package."""
        return Act.PACKAGE_DISCLOSED if self.disclosed else Act.PACKAGE_EXPORTED


def begin(folder: ExportFolder, store: Store, selection: Selection, of: tuple[str, str]) -> About:
    """Begin an export, or find the one to go on with; `of` is the organisation and its audit key.

    Raises ExportUnusable if the folder holds anything else, also an export of other packages.
    """
    found = folder.about()
    if found is None:
        organisation, audit_key = of
        found = About(
            export=identifier.draw(),
            organisation=printable(organisation),
            audit_key=audit_key,
            selection=selection,
            begun_at=store.clock(),
        )
        folder.describe(found)
    elif (found.selection, found.audit_key) != (selection, of[1]):
        raise ExportUnusable(
            f"{folder.folder} holds an export of other packages: go on with the same words, or "
            "choose another folder"
        )
    return found


def size_of(store: Store, about: About) -> int:
    """Return how many bytes the messages have that an export is to hold."""
    wanted = select(func.coalesce(func.sum(_PACKAGE.size), 0)).where(*_chosen(about))
    with store.reading() as tx:
        return int(tx.execute(wanted).scalar() or 0)


def export(
    store: Store,
    keys: OpeningKeys,
    folder: ExportFolder,
    about: About,
    purpose: Purpose,
    told: Told = int,
) -> Finished:
    """Write the packages of an export and its manifest; `told` hears of the messages' bytes.

    Raises StoreUnavailable, after which nothing more was opened, and ExportUnusable. Both leave
    what was written; the same call goes on.
    """
    working = _Exporting(store, keys, folder, about, purpose, told)
    for ids in working.batches():
        working.write(ids)
    return working.finish()


class _Exporting:
    """One run over the packages of an export."""

    def __init__(
        self,
        store: Store,
        keys: OpeningKeys,
        folder: ExportFolder,
        about: About,
        purpose: Purpose,
        told: Told,
    ) -> None:
        self._store, self._keys, self._folder = store, keys, folder
        self._about, self._purpose, self._told = about, purpose, told
        self._issuer = Issuer(about.export, about.organisation, about.audit_key)
        self._unreadable: list[str] = []
        self._silent = 0
        self._begun = about.finished_at is None

    def batches(self) -> Iterator[list[str]]:
        """Yield the ids of packages that are still to be written, in order."""
        last = ""
        wanted = select(_PACKAGE.id, _PACKAGE.size).where(*_chosen(self._about))
        while True:
            with self._store.reading() as tx:
                following = wanted.where(_PACKAGE.id > last).order_by(_PACKAGE.id).limit(AT_ONCE)
                rows = tx.execute(following).all()
            if not rows:
                return
            last = rows[-1].id
            done = {row.id for row in rows if self._is_written(row.id)}
            self._told(sum(row.size for row in rows if row.id in done))
            if ids := [row.id for row in rows if row.id not in done]:
                yield ids

    def write(self, ids: list[str]) -> None:
        """Put packages on record as exported, and then open and write them."""
        if not self._begun:  # of a finished export some could not be read: it is not finished then
            self._folder.unfinish()
            self._begun = True
        with self._store.writing() as tx:
            wanted = select(_PACKAGE.id, _PACKAGE.wrapped.is_(None), _PACKAGE.second_lock.is_(None))
            for package_id, gone, plain in tx.execute(wanted.where(_PACKAGE.id.in_(ids))):
                state = State.DESTROYED if gone else State.OPENED if plain else State.LOCKED
                detail = f"{state.value}; {self._about.export}; {self._purpose.why}".rstrip("; ")
                by, act = printable(self._purpose.by), self._purpose.act
                record(tx, act, package_id=package_id, actor=by, detail=detail)
        for package_id in ids:
            self._write(package_id)

    def finish(self) -> Finished:
        """Write what the export says of itself, put its manifest on record, and write that.

        In this order: what has a manifest is on record. An export that is finished stays as it is.
        """
        about, hashed = self._about, manifest.hash_of(self._folder)
        if not self._begun and hashed is not None and about.counts is not None:
            return Finished(about, about.counts, hashed, ())
        self._folder.flush()
        counts = manifest.count(self._folder)
        now = self._store.clock()
        about = about.model_copy(update={"finished_at": now, "counts": counts})
        self._folder.describe(about)
        holds = f"{about.export}; {counts.packages} packages"
        hashed = manifest.write(self._folder, lambda digest: self._record(f"{holds}; {digest}"))
        self._folder.flush()
        return Finished(about, counts, hashed, tuple(self._unreadable))

    def _record(self, detail: str) -> None:
        with self._store.writing() as tx:
            by = printable(self._purpose.by)
            record(tx, Act.EXPORT_FINISHED, actor=by, detail=detail)

    def _is_written(self, package_id: str) -> bool:
        """Say whether an earlier run has written a package, and all of it."""
        name = name_of(package_id, DOSSIER)
        if self._folder.length_of(name) is None:
            return False
        try:
            found = Glance.read(self._folder.read(name, LONGEST))
        except NotADossier:
            return False
        if found.content is None:
            return found.state is State.DESTROYED
        return self._folder.length_of(found.content.file) == found.content.length

    def _write(self, package_id: str) -> None:
        self._folder.forget(package_id, MESSAGE, SEALED, DOSSIER)
        told, silent = self._told_of(package_id), False
        if told.state is State.UNREADABLE:  # it may have been destroyed or moved at that moment
            told = self._told_of(package_id)
            silent = told.state is State.UNREADABLE
        if silent:
            self._unreadable.append(told.reference)
        self._silent = self._silent + 1 if silent else 0
        if self._silent >= SILENT:
            raise StoreUnavailable("the place of the contents does not answer")
        self._folder.write(name_of(package_id, DOSSIER), [told.written()])
        self._told(told.size)

    def _told_of(self, package_id: str) -> Dossier:
        """Write the content of a package and return its dossier."""
        with self._store.reading() as tx:
            found = compiling.compile_dossier(tx, package_id, self._issuer)
        if found.wrapped is None:
            return found.dossier
        try:
            told = self._locked(found) if found.second_lock is not None else self._opened(found)
        except (Tampered, StoreUnavailable):
            return found.dossier.model_copy(update={"note": _UNREADABLE})
        return found.dossier.model_copy(update=told)

    def _opened(self, found: Compiled) -> dict[str, Any]:
        package_id, wrapped, content_id = _sealed(found)
        key = self._keys.content_key(package_id, wrapped, None)
        summary = open_summary(found.summary, package_id, key)
        pieces = ciphertext.read(self._store, content_id, key)
        content = self._content(name_of(package_id, MESSAGE), pieces)
        told = compiling.summary_told(summary)
        return {"state": State.OPENED, "content": content, "summary": told}

    def _locked(self, found: Compiled) -> dict[str, Any]:
        package_id, wrapped, content_id = _sealed(found)
        enclosed = self._keys.vault.open(wrapped, locked_binding(package_id))
        pieces = ciphertext.read_sealed(self._store, content_id)
        content = self._content(name_of(package_id, SEALED), pieces)
        lock = compiling.lock_told(found, enclosed)
        return {"state": State.LOCKED, "content": content, "lock": lock, "note": _LOCKED}

    def _content(self, name: str, pieces: Iterator[bytes]) -> dossier.ContentFile:
        written = self._folder.write(name, pieces)
        return dossier.ContentFile(file=name, length=written.length, sha256=written.sha256)


def _sealed(found: Compiled) -> tuple[str, bytes, str]:
    if found.wrapped is None or found.content_id is None:
        raise Tampered
    return found.dossier.id, found.wrapped, found.content_id


def _chosen(about: About) -> list[ColumnElement[bool]]:
    """Return what the packages of an export have in common: none is sealed after it has begun."""
    selection = about.selection
    chosen = [_PACKAGE.sealed_at <= about.begun_at]
    if selection.packages:
        chosen.append(_PACKAGE.id.in_(selection.packages))
    if selection.sender is not None:
        sender = selection.sender
        chosen.append(or_(_PACKAGE.author == sender, _PACKAGE.owner == sender))
    if selection.since is not None:
        chosen.append(_PACKAGE.sealed_at >= selection.since)
    if selection.until is not None:
        chosen.append(_PACKAGE.sealed_at < selection.until)
    return chosen
