"""Content is destroyed at once when its owner or an administrator says so; never what is kept."""

from functools import partial

import pytest
from sqlalchemy import select

from tests.vault.bench import ALICE, BOB, CAROL, EVE, HERE, ON_SQLITE, Safe
from tests.vault.nodes import NODES, Nodes, kinds, race
from tests.vault.test_deposit import LARGE
from tests.vault.test_destroying import denial, secrets_of, traces
from vault.ending import certificate, certifying, chores, demand, destroying, legal
from vault.ending.demand import NotPossible, StillNeeded
from vault.ending.destroying import Cause
from vault.errors import AccessDenied, Denial
from vault.keys import signing
from vault.packages import catalogue
from vault.sending import outbox
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store
from vault.trail.audit import Act


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> signing.SigningKey:
    return signing.make(tmp_path_factory.mktemp("signing"))


def certified(safe: Safe, key: signing.SigningKey, package_id: str) -> certificate.Fate:
    certifying.finish(safe.store, lambda: key, "Example Council")
    gone = destroying.destroyed(safe.store, package_id)
    assert gone is not None
    assert gone.certificate is not None
    return certificate.verify(gone.certificate, key.public)


@ON_SQLITE
@pytest.mark.parametrize("body", [b"From: a\r\n\r\n" + b"short " * 30, LARGE], ids=["row", "file"])
def test_no_file_holds_a_trace_of_what_its_owner_destroys(
    safe: Safe, key: signing.SigningKey, backend: str, body: bytes
) -> None:
    package_id = safe.package(BOB, body=body)
    secrets = secrets_of(safe, package_id)
    assert {name for _, name in traces(safe.folder, secrets)} == set(secrets)  # the search finds it
    demand.by_owner(safe.store, ALICE, package_id, HERE)
    assert certified(safe, key, package_id).cause == Cause.SENDER
    assert traces(safe.folder, secrets) == set()


def test_an_owner_destroys_what_is_theirs(safe: Safe, key: signing.SigningKey) -> None:
    package_id = safe.package(BOB)
    for stranger in (BOB, EVE):
        with pytest.raises(AccessDenied) as refused:
            demand.by_owner(safe.store, stranger, package_id, HERE)
        assert refused.value.denial is Denial.UNKNOWN
    safe.open(BOB, package_id)
    demand.by_owner(safe.store, ALICE, package_id, HERE)
    for reader in (ALICE, BOB):
        assert denial(safe, reader, package_id) is Denial.DESTROYED
    assert safe.deliver_all() == []  # the notice that waited is cancelled
    with pytest.raises(AccessDenied) as refused:
        demand.by_owner(safe.store, ALICE, package_id, HERE)
    assert refused.value.denial is Denial.DESTROYED
    (told,) = [
        event
        for event in catalogue.timeline(safe.store, ALICE, package_id)
        if event.act is Act.CONTENT_DESTROYED
    ]
    assert (told.actor, told.origin, told.detail) == (str(ALICE), HERE, "sender")
    assert certified(safe, key, package_id).cause == Cause.SENDER


def test_an_administrator_gives_a_reason(safe: Safe, key: signing.SigningKey) -> None:
    package_id = safe.package(BOB)
    with pytest.raises(NotPossible, match="say why"):
        demand.by_administrator(safe.store, package_id, "ruth", " \n")
    safe.open(BOB, package_id)
    demand.by_administrator(safe.store, package_id, "ruth", "Request of erasure 12")
    assert denial(safe, ALICE, package_id) is Denial.DESTROYED
    (line,) = [row for row in safe.rows("events") if row.act == Act.CONTENT_DESTROYED]
    assert (line.actor, line.detail) == ("ruth", "administrator: Request of erasure 12")
    assert certified(safe, key, package_id).cause == Cause.ADMINISTRATOR
    with pytest.raises(NotPossible, match="already"):
        demand.by_administrator(safe.store, package_id, "ruth", "Again")


def test_a_legal_hold_keeps_it_and_the_attempt_is_on_record(safe: Safe) -> None:
    package_id = safe.package(BOB)
    hold = legal.place(safe.store, package_id, "ruth", "Tribunal")
    with pytest.raises(StillNeeded, match="legal hold"):
        demand.by_owner(safe.store, ALICE, package_id, HERE)
    with pytest.raises(StillNeeded, match="legal hold"):
        demand.by_administrator(safe.store, package_id, "omar", "Erasure")
    safe.open(BOB, package_id)
    lines = [row for row in safe.rows("events") if row.act == Act.DESTRUCTION_REFUSED]
    assert [(line.actor, line.detail) for line in lines] == [
        (str(ALICE), demand.HELD),
        ("omar", demand.HELD),
    ]
    shown = {event.act for event in catalogue.timeline(safe.store, ALICE, package_id)}
    assert Act.DESTRUCTION_REFUSED not in shown  # the matter may be about the owner
    assert legal.end(safe.store, hold, "ruth", "Closed", needs_two=False)
    demand.by_owner(safe.store, ALICE, package_id, HERE)
    assert denial(safe, BOB, package_id) is Denial.DESTROYED


def test_a_clear_copy_that_waits_keeps_the_content_it_needs(safe: Safe) -> None:
    package_id = safe.package(BOB, queued=(CAROL,), body=LARGE)
    with pytest.raises(StillNeeded, match="copy"):
        demand.by_owner(safe.store, ALICE, package_id, HERE)
    copies = [item for item in safe.deliver_all() if item.content is not None]
    assert [(item.to, item.kind) for item in copies] == [(CAROL, outbox.Kind.RELAY)]
    demand.by_owner(safe.store, ALICE, package_id, HERE)
    assert denial(safe, BOB, package_id) is Denial.DESTROYED
    assert safe.rows("contents") == []


def test_where_it_is_left_to_administrators_no_sender_destroys(
    safe: Safe, settings: VaultSettings
) -> None:
    package_id = safe.package(BOB)
    strict = Store(settings.model_copy(update={"senders_destroy": False}), clock=safe.clock)
    with pytest.raises(AccessDenied):
        demand.by_owner(strict, ALICE, package_id, HERE)
    safe.open(BOB, package_id)
    demand.by_administrator(strict, package_id, "ruth", "Erasure")
    strict.close()
    assert denial(safe, BOB, package_id) is Denial.DESTROYED


def test_the_certificate_is_not_waited_for(safe: Safe) -> None:
    """Housekeeping is asked for it, also if it has just been there."""
    hourly = chores.every(10 * chores.TURN)
    with chores.taken(safe.store, chores.ENDINGS, "house", hourly) as mine:
        assert mine
    package_id = safe.package(BOB)
    with chores.taken(safe.store, chores.ENDINGS, "house", hourly) as mine:
        assert not mine
    demand.by_owner(safe.store, ALICE, package_id, HERE)
    with chores.taken(safe.store, chores.ENDINGS, "house", hourly) as mine:
        assert mine


def test_it_is_held_or_destroyed_and_never_both(nodes: Nodes) -> None:
    for number in range(4):
        package_id = nodes.first.package(BOB, body=b"mail %d" % number)
        one, other, *_ = nodes.safes
        results = race(
            partial(demand.by_owner, one.store, ALICE, package_id, HERE),
            partial(legal.place, other.store, package_id, "ruth", "Tribunal"),
        )
        held = bool(legal.in_force(one.store, package_id))
        assert kinds(results, StillNeeded) == held
        assert kinds(results, legal.NotPossible) == (not held)
        with one.store.reading() as tx:
            package = tables.packages.c
            wanted = select(package.wrapped).where(package.id == package_id)
            assert (tx.execute(wanted).scalar() is not None) == held


def test_it_is_destroyed_once(nodes: Nodes) -> None:
    package_id = nodes.first.package(BOB)
    results = nodes.race(lambda safe: demand.by_owner(safe.store, ALICE, package_id, HERE))
    assert kinds(results, AccessDenied) == NODES - 1
    assert nodes.first.acts().count("content:destroyed") == 1
