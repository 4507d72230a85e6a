"""At rest: nothing of a sealed mail can be read in any file of the data folder."""

import base64
import gzip
import quopri
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.vault.bench import ALICE, BOB, CAROL, DAVE, HERE, Safe
from tests.vault.lockup import SLIP, Lockup
from tests.vault.test_deposit import LARGE, failing
from vault.contents.spool import Spool
from vault.errors import StoreUnavailable
from vault.hold import lists as held
from vault.packages import catalogue, grants, requests
from vault.packages.deposit import Summary
from vault.sending import outbox
from vault.sending.outbox import Kind

ONLY = "sqlite"  # whose files are all in the folder; a server keeps those of others too
MARKER = "MARKER-4e9d-Zoë"
BODY_MARK = f"Subject: {MARKER}\r\n\r\n{MARKER}\r\n".encode()


def encodings(marker: str) -> dict[str, bytes]:
    """The marker as it would look in the ways that a careless program writes things down."""
    plain = marker.encode()
    return {
        "utf-8": plain,
        "utf-16": marker.encode("utf-16-le"),
        "base64": base64.b64encode(plain)[:-4],
        "hex": plain.hex().encode(),
        "quoted-printable": quopri.encodestring(plain).strip(),
        "json": ascii(marker).strip("'").encode(),
        "latin-1": marker.encode("latin-1"),
        "ascii part": marker.encode("ascii", "ignore"),
    }


def found(folder: Path) -> set[tuple[str, str]]:
    """Return which file holds the marker in which encoding."""
    hits = set()
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for name, look in encodings(MARKER).items():
                if look in data or look.lower() in data.lower():
                    hits.add((path.name, name))
    return hits


@pytest.mark.parametrize("encoding", encodings(MARKER))
def test_the_search_does_find_a_planted_marker(tmp_path: Path, encoding: str) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    (folder / "planted").write_bytes(b"\x00" * 100_000 + encodings(MARKER)[encoding] + b"\x00")
    assert ("planted", encoding) in found(tmp_path)
    (folder / "planted").write_bytes(gzip.compress(b"nothing of the kind"))
    assert found(tmp_path) == set()


def test_the_search_does_find_a_marker_in_the_database(safe: Safe) -> None:
    safe.package(BOB, policy=MARKER)  # a column in the clear
    assert any(name.startswith("sealgate.sqlite") for name, _ in found(safe.folder))


def live(safe: Safe, body: bytes) -> None:
    """Do everything that can be done with a mail whose every word is the marker."""
    summary = Summary(
        subject=MARKER,
        author_name=MARKER,
        to=(f"{MARKER} <bob@clinic.example>",),
        cc=(MARKER,),
        attachments=(f"{MARKER}.pdf",),
    )
    package_id = safe.package(
        BOB,
        CAROL,
        body=body,
        summary=summary,
        queued=(DAVE,),
        prefix=f"X-Note: {MARKER}\r\n".encode(),
        message_id=f"<{MARKER}@council.example>",
        answers=(f"<{MARKER}@elsewhere.example>",),
        expires_in=timedelta(days=1),
    )
    with safe.store.writing() as tx:
        fields = {"code": MARKER, "minutes": "10"}
        outbox.post(tx, safe.keys.sealing, Kind.CODE, BOB, fields)
    assert found(safe.folder) == set()
    safe.open(BOB, package_id)
    assert catalogue.sent(safe.store, safe.keys.opening, ALICE, search=MARKER).total == 1
    requests.ask(safe.store, safe.keys.sealing, DAVE, package_id, HERE)
    grants.revoke(safe.store, ALICE, package_id, None, HERE)
    grants.restore(safe.store, safe.keys.sealing, ALICE, package_id, None, HERE)
    for item in safe.claim():
        outbox.postpone(safe.store, item, "451", safe.clock())
    assert found(safe.folder) == set()
    safe.deliver_all()


def hold(safe: Safe, body: bytes) -> None:
    """Do everything that can be done with a held mail whose every word is the marker."""
    lockup = Lockup(safe)
    said: dict[str, Any] = {
        "subject": MARKER,
        "note": MARKER,
        "reasons": (MARKER,),
        "prefix": MARKER.encode(),
        "named": (MARKER,),
        "message_id": f"<{MARKER}@council.example>",
    }
    first, second = (
        lockup.hold(
            body + end,
            summary=Summary(subject=MARKER),
            slip=replace(SLIP, **said),
        )
        for end in (b"1", b"2")
    )
    lockup.fix(first, **said)
    assert lockup.look(first).slip.note == MARKER
    assert found(safe.folder) == set()
    lockup.ask(first, revision=2)
    lockup.decline(first, revision=2, reason=MARKER)
    assert held.answer(safe.store, safe.keys.opening, ALICE, first) == MARKER
    lockup.release(second, body=body, to=(BOB,), summary=Summary(subject=MARKER))
    assert found(safe.folder) == set()
    safe.deliver_all()


def test_the_search_does_find_a_marker_in_a_held_mail(safe: Safe) -> None:
    Lockup(safe).hold(because=(MARKER,))  # a column in the clear
    assert any(name.startswith("sealgate.sqlite") for name, _ in found(safe.folder))


@pytest.mark.parametrize("size", [1, 40_000], ids=["inline", "file"])
def test_nothing_of_a_held_mail_is_in_any_file(safe: Safe, size: int) -> None:
    hold(safe, BODY_MARK * size)
    assert found(safe.folder) == set()
    safe.store.close()
    assert found(safe.folder) == set()


@pytest.mark.parametrize("size", [1, 40_000], ids=["inline", "file"])
def test_nothing_of_a_mail_is_in_any_file(safe: Safe, size: int) -> None:
    live(safe, BODY_MARK * size)
    assert found(safe.folder) == set()
    safe.store.close()  # checkpoints the log into the database
    assert found(safe.folder) == set()


def test_nothing_is_left_of_a_mail_on_its_way_or_refused(safe: Safe) -> None:
    spool = Spool(safe.store)
    for _ in range(100_000):
        spool.write(BODY_MARK)
    assert found(safe.folder) == set()
    spool.abort()
    with failing(safe, "packages"), pytest.raises(StoreUnavailable):
        safe.put(BOB, body=BODY_MARK + LARGE, summary=Summary(subject=MARKER))
    assert found(safe.folder) == set()
