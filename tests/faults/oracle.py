"""What must be true of a data folder after any fault.

Packages are opened by `docs/reference/open_sealed.py`, which shares no code with Sealgate; rows are
read by SQL. Promises to name what is wrong, and never to mend it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.e2e.reconcile import Package, open_packages
from tests.e2e.stage import Answer
from tests.sink import Caught
from vault.settings import VaultSettings
from vault.storage.store import Store


@dataclass(frozen=True)
class Sent:
    """A mail of a test, and whether the policy seals it."""

    sender: str
    to: tuple[str, ...]
    content: bytes
    sealed: bool

    @property
    def digest(self) -> bytes:
        return sha256(self.content).digest()


def recovered(folder: Path) -> None:
    """Start on a data folder as a process would: this is the recovery. Raises what it finds."""
    Store(VaultSettings(folder=folder), checkpoints=True).close()


def problems(folder: Path, mail: Sent, answers: list[Answer], caught: list[Caught]) -> list[str]:
    """Return what is wrong after one mail was sent, perhaps several times."""
    found = []
    packages = open_packages(folder)
    found += [f"package {one.reference} does not open" for one in packages if one.digest is None]
    found += [
        f"package {one.reference} is another" for one in packages if one.digest != mail.digest
    ]
    found += halves(folder)
    taken = [answer for answer in answers if answer.code == 250]
    copies = [one for one in caught if one.content.endswith(mail.content)]
    if mail.sealed:
        found += _sealed(mail, taken, packages)
        found += ["sealed mail left in the clear" for _ in copies]
    elif taken and not copies and not waiting(folder):
        found.append(f"lost: answered {taken[0].text!r}, and not at the next hop")
    found += [f"refused for good: {one.code} {one.text}" for one in answers if one.code >= 500]
    found += [f"an exception in {one.text!r}" for one in answers if "Error" in one.text]
    return found


def _sealed(mail: Sent, taken: list[Answer], packages: list[Package]) -> list[str]:
    references = {package.reference for package in packages}
    found = [
        f"lost: answered {answer.text!r}, and not sealed"
        for answer in taken
        if answer.reference not in references
    ]
    if len(packages) > 1:
        found.append(f"sealed {len(packages)} times")
    wrong = [package for package in packages if package.grants != set(mail.to)]
    return found + [f"package {package.reference} is for others" for package in wrong]


def halves(folder: Path) -> list[str]:
    """Return what is there in part: packages, grants, notices and contents belong together."""
    with closing(_database(folder)) as database:
        packages = {row[0] for row in database.execute("SELECT id FROM packages")}
        grants = Counter(row[0] for row in database.execute("SELECT package_id FROM grants"))
        said = "SELECT package_id FROM outbox WHERE kind = 'notice'"
        notices = Counter(row[0] for row in database.execute(said))
        receipts = {row[0] for row in database.execute("SELECT package_id FROM receipts")}
        said = "SELECT id, place FROM contents"
        places = dict(database.execute(said).fetchall())
        orphans = "SELECT content_id FROM outbox WHERE state = 'queued' AND content_id IS NOT NULL"
        needed = {row[0] for row in database.execute(orphans)} | packages
    found = [
        f"a package without {what}"
        for what, there in (("grants", grants), ("a notice", notices), ("its receipt", receipts))
        if packages - set(there)
    ]
    found += ["grants and notices differ"] if grants != notices else []
    found += ["content is missing" for one in needed if one not in places]
    missing = [one for one in places.values() if one and not (folder / "contents" / one).exists()]
    return found + ["a content file is missing" for _ in missing]


def receipts(folder: Path) -> set[str]:
    """Return the references of everything that was taken."""
    with closing(_database(folder)) as database:
        return {row[0] for row in database.execute("SELECT reference FROM receipts")}


def waiting(folder: Path) -> int:
    """Return how many rows of the outbox are still to be sent."""
    with closing(_database(folder)) as database:
        return int(
            database.execute("SELECT count(*) FROM outbox WHERE state = 'queued'").fetchone()[0]
        )


def _database(folder: Path) -> sqlite3.Connection:
    database = f"file:{folder / 'sealgate.sqlite'}?mode=ro"
    return sqlite3.connect(database, uri=True, timeout=20)
