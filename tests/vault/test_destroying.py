"""Content is destroyed when its time has come: no trace of it is left in any file, and none before.

What was destroyed is certified, and the certificate is checked with the public key alone.
"""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.vault.bench import ALICE, BOB, CAROL, EVE, HERE, Safe
from tests.vault.test_deposit import LARGE
from vault.ending import certificate, certifying, destroying, legal, upkeep
from vault.ending.certificate import NotGenuine
from vault.errors import AccessDenied, Denial
from vault.keys import signing
from vault.packages import catalogue, grants, lifetime, requests, second_lock
from vault.storage import tables
from vault.storage.store import Store
from vault.trail.audit import Act

DAY = timedelta(days=1)
KEPT = {"kept_after_expiry": 10 * DAY}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> signing.SigningKey:
    return signing.make(tmp_path_factory.mktemp("signing"))


def run(safe: Safe, key: signing.SigningKey) -> int:
    """Do what housekeeping does about endings."""
    destroying.schedule(safe.store)
    destroyed = destroying.destroy(safe.store)
    certifying.finish(safe.store, lambda: key, "Example Council")
    return destroyed


def secrets_of(safe: Safe, package_id: str) -> dict[str, bytes]:
    """Return what must be found nowhere afterwards: wrapped key, summary and ciphertext."""
    package, content = tables.packages.c, tables.contents.c
    with safe.store.reading() as tx:
        wanted = select(package.wrapped, package.summary, content.inline, content.place)
        row = tx.execute(
            wanted.join(tables.contents, content.id == package.content_id).where(
                package.id == package_id
            )
        ).one()
    stored = row.inline or (safe.folder / "contents" / row.place).read_bytes()
    middle = len(stored) // 2
    return {
        "wrapped key": row.wrapped[-64:],
        "summary": row.summary[-48:],
        "first bytes": stored[40:104],
        "middle": stored[middle : middle + 64],
        "last bytes": stored[-64:],
    }


def traces(folder: Path, secrets: dict[str, bytes]) -> set[tuple[str, str]]:
    """Read every file of the data folder as it lies on the disk."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        (path.name.rpartition("-")[2], name)
        for path in files
        for name, secret in secrets.items()
        if secret in path.read_bytes()
    }


def denial(safe: Safe, reader: object, package_id: str) -> Denial:
    with pytest.raises(AccessDenied) as refused:
        safe.open(reader, package_id)  # type: ignore[arg-type]
    return refused.value.denial


@pytest.mark.parametrize("body", [b"From: a\r\n\r\n" + b"short " * 30, LARGE], ids=["row", "file"])
def test_no_file_of_the_data_folder_holds_a_trace(
    safe: Safe, key: signing.SigningKey, body: bytes
) -> None:
    package_id = safe.package(BOB, body=body, expires_in=DAY, terms=KEPT)
    other = safe.package(CAROL, body=body + b"other")
    safe.deliver_all()
    assert safe.open(BOB, package_id) == body
    secrets = secrets_of(safe, package_id)
    assert {name for _, name in traces(safe.folder, secrets)} == set(secrets)  # the search finds it
    safe.clock.advance(days=11, seconds=1)
    assert run(safe, key) == 1
    assert traces(safe.folder, secrets) == set()
    assert (safe.folder / "sealgate.sqlite-wal").stat().st_size < 100_000  # what came after alone
    safe.store.close()
    assert traces(safe.folder, secrets) == set()
    again = Safe(Store(safe.store.settings, clock=safe.clock), safe.keys, safe.clock)
    assert again.open(CAROL, other) == body + b"other"
    again.store.close()


def test_before_the_log_is_emptied_the_search_finds_the_key(safe: Safe) -> None:
    """The control: destroying alone leaves the old key in the write-ahead log."""
    package_id = safe.package(BOB, expires_in=DAY, terms=KEPT)
    secrets = secrets_of(safe, package_id)
    safe.clock.advance(days=12)
    assert destroying.destroy(safe.store) == 1
    assert ("wal", "wrapped key") in traces(safe.folder, secrets)


def test_a_reader_in_the_way_puts_the_certificate_off(safe: Safe, key: signing.SigningKey) -> None:
    package_id = safe.package(BOB, expires_in=DAY, terms=KEPT)
    safe.clock.advance(days=12)
    with safe.store.reading() as tx:
        tx.execute(select(tables.packages.c.id)).all()  # sees the old state, and keeps it
        assert run(safe, key) == 1
        gone = destroying.destroyed(safe.store, package_id)
        assert gone is not None
        assert gone.certificate is None
        assert denial(safe, BOB, package_id) is Denial.DESTROYED
    assert run(safe, key) == 0
    gone = destroying.destroyed(safe.store, package_id)
    assert gone is not None
    assert gone.certificate is not None


def test_access_ends_first_and_the_content_later(safe: Safe, key: signing.SigningKey) -> None:
    package_id = safe.package(BOB, expires_in=DAY, terms=KEPT)
    safe.clock.advance(days=1)
    assert run(safe, key) == 0
    assert denial(safe, BOB, package_id) is Denial.EXPIRED
    safe.open(ALICE, package_id)
    safe.clock.advance(days=9, hours=23)
    assert run(safe, key) == 0
    grants.extend(safe.store, ALICE, package_id, safe.clock() + 5 * DAY, HERE)
    safe.open(BOB, package_id)
    safe.clock.advance(days=2)
    assert run(safe, key) == 0
    safe.clock.advance(days=13)
    assert run(safe, key) == 1
    for reader in (ALICE, BOB):
        assert denial(safe, reader, package_id) is Denial.DESTROYED
    assert denial(safe, EVE, package_id) is Denial.UNKNOWN


def test_what_the_policy_does_not_say_the_settings_do(safe: Safe, key: signing.SigningKey) -> None:
    """Also what expired long before: whoever upgrades loses nothing at once."""
    package_id = safe.package(BOB, expires_in=DAY)
    safe.clock.advance(days=400)
    assert run(safe, key) == 0
    safe.clock.advance(days=29)
    assert run(safe, key) == 0
    safe.clock.advance(days=1)
    assert run(safe, key) == 1
    assert denial(safe, BOB, package_id) is Denial.DESTROYED


def test_without_a_limit_content_is_kept_as_long_as_the_policy_says(
    safe: Safe, key: signing.SigningKey
) -> None:
    short = safe.package(BOB, terms={"retention": 90 * DAY})
    ever = safe.package(CAROL)
    safe.clock.advance(days=89)
    assert run(safe, key) == 0
    safe.clock.advance(days=1)
    assert run(safe, key) == 1
    assert denial(safe, ALICE, short) is Denial.DESTROYED
    safe.clock.advance(days=5000)
    assert run(safe, key) == 0
    safe.open(CAROL, ever)


def test_a_legal_hold_stops_it_until_it_is_ended(safe: Safe, key: signing.SigningKey) -> None:
    package_id = safe.package(BOB, expires_in=DAY, terms=KEPT)
    reference = catalogue.one(safe.store, safe.keys.opening, ALICE, package_id).package.reference
    assert legal.find(safe.store, reference.lower().replace("-", " ")) == package_id
    first = legal.place(safe.store, package_id, "ruth", "Tribunal 12/2026")
    second = legal.place(safe.store, package_id, "omar", "Request of the regulator")
    safe.clock.advance(days=500)
    assert run(safe, key) == 0
    assert denial(safe, BOB, package_id) is Denial.EXPIRED  # a hold opens it to nobody
    assert legal.end(safe.store, first, "ruth", "Closed", needs_two=False)
    assert run(safe, key) == 0
    assert [one.id for one in legal.in_force(safe.store)] == [second]
    assert legal.end(safe.store, second, "omar", "Closed", needs_two=False)
    assert run(safe, key) == 1
    assert {"legal_hold:placed", "legal_hold:ended"} <= set(safe.acts())
    shown = {event.act for event in catalogue.timeline(safe.store, ALICE, package_id)}
    assert Act.CONTENT_DESTROYED in shown
    assert not {Act.LEGAL_HOLD_PLACED, Act.LEGAL_HOLD_ENDED} & shown  # it may be about the owner
    with pytest.raises(legal.NotPossible, match="destroyed already"):
        legal.place(safe.store, package_id, "ruth", "Too late")


def test_where_two_are_needed_nobody_ends_a_hold_alone(safe: Safe) -> None:
    package_id = safe.package(BOB)
    hold = legal.place(safe.store, package_id, "ruth", "Tribunal")
    assert not legal.end(safe.store, hold, "ruth", "Closed", needs_two=True)
    with pytest.raises(legal.NotPossible, match="another person"):
        legal.end(safe.store, hold, "ruth", "Closed, really", needs_two=True)
    (standing,) = legal.in_force(safe.store, package_id)
    assert (standing.asked_by, standing.asked_why) == ("ruth", "Closed")
    assert legal.end(safe.store, hold, "omar", "Confirmed", needs_two=True)
    assert legal.in_force(safe.store) == []
    with pytest.raises(legal.NotPossible, match="not in force"):
        legal.end(safe.store, hold, "omar", "Confirmed", needs_two=True)
    with pytest.raises(legal.NotPossible, match="say why"):
        legal.place(safe.store, package_id, "ruth", " \n")
    with pytest.raises(legal.NotPossible, match="no sealed message"):
        legal.find(safe.store, "0000-0000")


def test_a_clear_copy_that_waits_keeps_the_content_it_needs(
    safe: Safe, key: signing.SigningKey
) -> None:
    package_id = safe.package(BOB, queued=(CAROL,), body=LARGE, expires_in=DAY, terms=KEPT)
    safe.clock.advance(days=12)
    assert run(safe, key) == 0
    copies = [item for item in safe.deliver_all() if item.content is not None]
    assert [item.to for item in copies] == [CAROL]
    assert run(safe, key) == 1
    assert denial(safe, BOB, package_id) is Denial.DESTROYED


def test_nothing_can_be_done_with_what_is_destroyed(safe: Safe, key: signing.SigningKey) -> None:
    package_id = safe.package(BOB, CAROL, expires_in=DAY, terms=KEPT)
    grants.revoke(safe.store, ALICE, package_id, CAROL, HERE)
    safe.clock.advance(days=2)
    requests.ask(safe.store, safe.keys.sealing, BOB, package_id, HERE)
    (asked,) = requests.pending(safe.store, ALICE)
    safe.clock.advance(days=10)
    run(safe, key)
    assert requests.pending(safe.store, ALICE) == []
    store, sealing = safe.store, safe.keys.sealing
    later = safe.clock() + DAY
    changes = [
        lambda: grants.extend(store, ALICE, package_id, later, HERE),
        lambda: grants.add(store, sealing, ALICE, package_id, EVE, HERE),
        lambda: grants.restore(store, sealing, ALICE, package_id, None, HERE),
        lambda: grants.correct(store, sealing, ALICE, package_id, BOB, EVE, HERE),
    ]
    for change in changes:
        with pytest.raises(AccessDenied) as refused:
            change()
        assert refused.value.denial is Denial.DESTROYED
    with pytest.raises(AccessDenied):
        requests.approve(store, sealing, ALICE, asked.id, HERE, until=later)
    requests.ask(store, sealing, BOB, package_id, HERE)
    assert requests.pending(store, ALICE) == []
    line = catalogue.one(store, safe.keys.opening, ALICE, package_id)
    assert (line.package.denial, line.summary.subject) == (Denial.DESTROYED, "")
    assert not any(item.package_id == package_id for item in safe.deliver_all())  # cancelled
    (owned,) = catalogue.sent(store, safe.keys.opening, ALICE).items
    assert owned.package.reference == line.package.reference


def test_a_run_that_died_after_the_commit_is_made_good(
    safe: Safe, key: signing.SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_id = safe.package(BOB, body=LARGE, expires_in=DAY, terms=KEPT)
    secrets = secrets_of(safe, package_id)
    safe.clock.advance(days=12)
    with monkeypatch.context() as dying:
        dying.setattr(safe.store.contents, "delete", lambda place: None)  # it never got to it
        assert destroying.destroy(safe.store) == 1
    assert traces(safe.folder, secrets)
    certifying.finish(safe.store, lambda: key, "Example Council")
    assert traces(safe.folder, secrets) == set()
    assert upkeep.clear(safe.store, abandoned_after=timedelta(0)).orphans == 0


def test_a_second_lock_goes_with_what_it_locked(safe: Safe, key: signing.SigningKey) -> None:
    package_id = safe.package(BOB, expires_in=DAY, terms=KEPT)
    keys = safe.keys
    second_lock.add(safe.store, keys.opening, keys.sealing, ALICE, package_id, HERE)
    secrets = secrets_of(safe, package_id)
    safe.clock.advance(days=12)
    assert run(safe, key) == 1
    (row,) = safe.rows("packages")
    assert (row.wrapped, row.second_lock) == (None, None)
    assert traces(safe.folder, secrets) == set()
    assert denial(safe, BOB, package_id) is Denial.DESTROYED


def test_many_are_destroyed_in_one_run(
    safe: Safe, key: signing.SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destroying, "AT_ONCE", 3)
    for number in range(10):
        safe.put(BOB, body=b"mail %d" % number, expires_in=DAY, terms=KEPT)
    kept = safe.package(BOB, body=b"kept", expires_in=DAY, terms=KEPT)
    legal.place(safe.store, kept, "ruth", "Tribunal")
    safe.clock.advance(days=12)
    assert run(safe, key) == 10
    assert sum(row.certificate is not None for row in safe.rows("destructions")) == 10
    assert safe.acts().count("certificate:issued") == 10


def test_a_certificate_is_checked_with_the_public_key_alone(
    safe: Safe, key: signing.SigningKey, tmp_path: Path
) -> None:
    package_id = safe.package(BOB, CAROL, expires_in=DAY, terms=KEPT)
    safe.clock.advance(days=12)
    run(safe, key)
    gone = destroying.fate(safe.store, ALICE, package_id)
    assert gone is not None
    assert gone.certificate is not None
    found = certificate.verify(gone.certificate, key.public)
    assert (found.package_id, found.owner, found.recipients) == (package_id, str(ALICE), 2)
    assert (found.organisation, found.cause) == ("Example Council", "expired")
    assert found.method == certificate.OVERWRITTEN
    assert b"A plan" not in gone.certificate
    assert str(BOB).encode() not in gone.certificate
    with pytest.raises(AccessDenied):
        destroying.fate(safe.store, BOB, package_id)
    assert destroying.fate(safe.store, ALICE, safe.package(BOB, body=b"x")) is None

    whole = json.loads(gone.certificate)
    forged = {**whole, "statement": whole["statement"].replace(str(ALICE), str(EVE))}
    with pytest.raises(NotGenuine, match="changed"):
        certificate.verify(json.dumps(forged).encode(), key.public)
    other = signing.make(tmp_path)
    with pytest.raises(NotGenuine, match="signed with the key"):
        certificate.verify(gone.certificate, other.public)
    head = other.sign("audit head 1", whole["statement"].encode())  # a statement of another kind
    crossed = {**whole, "signature": __import__("base64").b64encode(head).decode()}
    with pytest.raises(NotGenuine):
        certificate.verify(json.dumps(crossed).encode(), other.public)
    for junk in (b"", b"[]", b"{}", b'{"statement": "{}", "signature": "!"}', b"[" * 70_000):
        with pytest.raises(NotGenuine):
            certificate.verify(junk, key.public)


def test_lookups_use_the_index(safe: Safe) -> None:
    """What is kept for years must not be walked past every minute."""
    plan = (
        "EXPLAIN QUERY PLAN SELECT id FROM packages WHERE wrapped IS NOT NULL "
        "AND destroy_at <= '2026-01-01' ORDER BY destroy_at LIMIT 100"
    )
    expired = (
        "EXPLAIN QUERY PLAN SELECT id FROM packages WHERE wrapped IS NOT NULL "
        "AND destroy_at IS NULL AND expires_at <= '2026-01-01' LIMIT 100"
    )
    from sqlalchemy import text

    with safe.store.reading() as tx:
        for question in (plan, expired):
            told = " ".join(row[3] for row in tx.execute(text(question)).all())
            assert "USING INDEX packages_due" in told or "COVERING INDEX packages_due" in told


def test_a_package_from_before_is_scheduled_and_not_destroyed_at_once(
    safe: Safe, key: signing.SigningKey
) -> None:
    package_id = safe.package(BOB, expires_in=DAY, terms=KEPT)
    package = tables.packages
    with safe.store.writing() as tx:  # as an upgrade leaves it
        tx.execute(update(package).values(destroy_at=None, kept_after_expiry=None))
    safe.clock.advance(days=100)
    assert run(safe, key) == 0
    (row,) = safe.rows("packages")
    assert row.destroy_at == safe.clock() + 30 * DAY
    assert row.id == package_id


@pytest.mark.parametrize(
    ("expires", "kept", "retention", "days"),
    [
        (5, 864_000, None, 15),
        (5, None, 864_000, None),
        (None, 1, 864_000, 10),
        (None, 1, None, None),
    ],
)
def test_when_content_goes(
    safe: Safe, expires: int | None, kept: int | None, retention: int | None, days: int | None
) -> None:
    sealed = safe.clock()
    until = None if expires is None else sealed + expires * DAY
    found = lifetime.destruction(sealed, until, kept, retention)
    assert found == (None if days is None else sealed + days * DAY)
