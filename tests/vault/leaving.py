"""Packages of every kind to be exported, and short ways to export and read them."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.vault.bench import ALICE, BOB, CAROL, DAVE, HERE, Safe
from tests.vault.test_deposit import LARGE
from vault.ending import certifying, destroying, legal
from vault.exchange import exporting
from vault.exchange.dossier import Dossier
from vault.exchange.exporting import Finished, Purpose
from vault.exchange.folder import ExportFolder, Selection
from vault.keys import signing
from vault.packages import requests, second_lock
from vault.packages.deposit import GrantFor
from vault.secrets import Secret

DAY = timedelta(days=1)
SECRET = b"Subject: Plan\r\nMessage-ID: <1@council.example>\r\n\r\nThe marker is zanzibar.\r\n"
PURPOSE = Purpose(by="ruth", why="We leave")


@dataclass(frozen=True)
class Kinds:
    """Ids of one package of each kind."""

    plain: str
    large: str
    locked: str
    destroyed: str
    words: Secret

    def __iter__(self) -> Any:
        return iter((self.plain, self.large, self.locked, self.destroyed))


def put_one_of_each(safe: Safe, key: signing.SigningKey) -> Kinds:
    """Deposit one package of each kind, and let things happen to them."""
    gone = safe.package(CAROL, expires_in=DAY, terms={"kept_after_expiry": DAY})
    plain = safe.package(
        BOB,
        GrantFor(address=CAROL, visible=False),
        expires_in=30 * DAY,
        message_id="<plain@council.example>",
        terms={"reminders": 2, "kept_after_expiry": 10 * DAY},
        found={"iban": 2},
        because=("seal-bank-details",),
    )
    large = safe.package(BOB, body=LARGE)
    locked = safe.package(BOB, body=SECRET)
    safe.deliver_all()
    pair = (safe.keys.opening, safe.keys.sealing)
    words = second_lock.add(safe.store, *pair, ALICE, locked, HERE)
    safe.open(BOB, plain)
    legal.place(safe.store, plain, "ruth", "A claim")
    requests.ask(safe.store, safe.keys.sealing, DAVE, plain, HERE)
    safe.clock.advance(days=3)
    destroying.destroy(safe.store)
    certifying.finish(safe.store, lambda: key, "Example Council")
    return Kinds(plain, large, locked, gone, words)


def export_to(
    safe: Safe, folder: Path, selection: Selection | None = None, name: str = "0123456789abcdef"
) -> Finished:
    """Export into a folder; `name` is that of the audit key."""
    there = ExportFolder(folder)
    with there.alone():
        of = ("Example Council", name)
        about = exporting.begin(there, safe.store, selection or Selection(), of)
        return exporting.export(safe.store, safe.keys.opening, there, about, PURPOSE)


def dossier_of(folder: Path, package_id: str) -> Dossier:
    return Dossier.read((folder / file_of(package_id)).read_bytes())


def file_of(package_id: str, end: str = ".json") -> str:
    return f"packages/{package_id[:2]}/{package_id}{end}"


def facts_of(folder: Path, package_id: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / file_of(package_id)).read_bytes())
    return facts
