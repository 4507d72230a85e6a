"""What the program of an earlier version has written lives on: it opens, is sent, settled, ended.

As it was written by that version itself; nothing was released before it. On both databases.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests import postgres
from tests.vault.bench import ALICE, BOB, BODY, CAROL, DAVE, EVE, HERE, HandClock, Keys, Safe
from tests.vault.lockup import Lockup
from tests.vault.test_transferring import transfer
from tests.vault.test_upgrade import GOLDEN, differences, filled
from vault import decided, keys, rulebook
from vault.address import Address
from vault.ending import certifying, destroying, legal
from vault.errors import AccessDenied, Denial, SecondLocked
from vault.hold import lists as held
from vault.keys import resealing, rotation, signing
from vault.keys.opening import load_opening
from vault.keys.place import KeyPlace
from vault.packages import phrase, requests, second_lock
from vault.people import codes, guesses, sessions, users
from vault.secrets import Secret
from vault.sending import outbox, queue, returns, sts
from vault.sending.posting import Kind
from vault.settings import VaultSettings
from vault.storage.store import Store
from vault.trail import heads, verifying
from vault.trail.audit import Act

FACTS: dict[str, str] = json.loads((GOLDEN / "upgrade" / "4" / "facts.json").read_text())
"""What the program of version 4 has made, by name (see `made.py.txt` beside it)."""


@pytest.fixture
def old(tmp_path: Path, backend: str) -> Iterator[Safe]:
    """The data that the program of version 4 has written, and its keys, a minute later.

    It knew SQLite alone: what is on PostgreSQL was brought up to date and moved there.
    """
    clock, folder = HandClock(), tmp_path / "keys"
    shutil.copytree(GOLDEN / "upgrade" / "4" / "keys", folder)
    for file in folder.iterdir():
        file.chmod(0o600)
    clock.advance(minutes=11)
    own = Keys(
        folder=folder,
        sealing=keys.load_sealing(folder),
        relay=keys.load_relay(folder),
        opening=load_opening(folder),
        web=keys.load_web_secret(folder),
    )
    settings = filled(tmp_path / "old", GOLDEN / "upgrade" / "4" / "vault.sql")
    shutil.copytree(GOLDEN / "upgrade" / "4" / "contents", tmp_path / "old" / "contents")
    if backend == "postgresql":
        Store(settings).close()
        there = VaultSettings(folder=settings.folder, database=postgres.empty_database())
        transfer(settings, there)
        settings = there
    with closing(Store(settings, checkpoints=True, clock=clock)) as store:
        yield Safe(store, own, clock)
    if settings.database is not None:
        postgres.drop(settings.database)


WHAT_IT_KEPT = [
    ("plan", CAROL, BODY),
    ("file", BOB, BODY + b"long " * 400),
    ("shown", BOB, BODY + b"shown\r\n"),
    ("bounced", DAVE, BODY + b"bounced\r\n"),
    ("other", DAVE, BODY + b"in the clear too\r\n"),
]


def opens(old: Safe, opener: Safe | None = None) -> None:
    for name, reader, body in WHAT_IT_KEPT:
        assert (opener or old).open(reader, FACTS[name]) == body


def denial(old: Safe, name: str, reader: Address, act: Act = Act.PACKAGE_OPENED) -> Denial:
    with pytest.raises(AccessDenied) as refused:
        old.open(reader, FACTS[name], act)
    return refused.value.denial


def test_what_version_4_kept_opens_still(old: Safe) -> None:
    opens(old)
    assert denial(old, "plan", BOB) is Denial.REVOKED
    assert denial(old, "plan", EVE) is Denial.UNKNOWN
    assert denial(old, "early", BOB) is Denial.NOT_YET
    assert denial(old, "shown", BOB, Act.ORIGINAL_DOWNLOADED) is Denial.VIEW_ONLY
    old.clock.advance(hours=1)
    assert denial(old, "expired", BOB) is Denial.EXPIRED
    assert old.open(ALICE, FACTS["expired"]) == BODY + b"expired\r\n"
    assert differences(old.store.settings) == []


def test_who_is_signed_in_and_who_may_be_stays_so(old: Safe) -> None:
    store, sealing = old.store, old.keys.sealing
    found = sessions.find(store, FACTS["session"])
    assert found is not None
    assert found.identity == CAROL
    sent = {item.kind: item for item in old.deliver_all()}
    code = sent[Kind.CODE].fields["code"]
    assert codes.answer(store, old.keys.web, b"v" * 16, code, HERE) == BOB
    user = users.verify(store, str(ALICE), Secret(b"a long password"))
    assert user is not None
    assert Address.parse("al@council.example") in user.addresses
    assert guesses.failures(store, guesses.mark_of(sealing.marks, "mallory")) == 2
    assert guesses.is_known(store, b"a place")
    policy = sts.find(store, "clinic.example")
    assert policy is not None
    assert policy.hosts == ("mx.clinic.example",)
    with store.reading() as tx:
        assert rulebook.find(tx, "aaaa").content == b"# a policy\n"
        assert [row.facts for row in decided.since(tx, old.clock() - timedelta(days=1))]


def test_what_was_on_its_way_arrives(old: Safe) -> None:
    store, sealing = old.store, old.keys.sealing
    (stopped,) = [
        one
        for one in queue.entries(store, queue.Chosen(everything=True))
        if one.standing is queue.Standing.HOLD
    ]
    queue.release(store, queue.Chosen(ids=(stopped.id,)), "ruth")
    old.clock.advance(hours=1)
    relayed: dict[Address, bytes] = {}
    while items := old.claim():
        for item in items:
            if item.content is not None:
                relayed[item.to] = b"".join(item.content())
            assert outbox.complete(store, item, "250 2.0.0 Ok")
    assert relayed == {
        CAROL: BODY + b"in the clear too\r\n",
        DAVE: BODY + b"later\r\n",
        EVE: BODY + b"stopped\r\n",
    }
    notice = returns.find(store, sealing, FACTS["token"])
    assert notice is not None
    assert (notice.package_id, notice.address) == (FACTS["shown"], BOB)
    states = {row.package_id: row.notice for row in old.rows("grants") if row.address == str(DAVE)}
    assert states == {FACTS["bounced"]: "bounced", FACTS["other"]: "relayed"}


def test_what_was_held_is_settled(old: Safe) -> None:
    store, opening = old.store, old.keys.opening
    lines = {line.hold.id: line for line in held.listed(store, opening, ALICE)}
    assert {lines[FACTS[name]].subject for name in ("held", "asked")} == {"A plan"}
    found = held.inspect(store, opening, ALICE, FACTS["held"], HERE)
    assert b"".join(found.read()) == BODY + b"held\r\n"
    lockup = Lockup(old)
    lockup.release(FACTS["held"])
    package_id = lockup.approve(FACTS["asked"], to=(BOB,), queued=()).package_id
    assert package_id is not None
    assert old.open(BOB, package_id) == BODY
    (request,) = requests.pending(store, ALICE, FACTS["plan"])
    requests.approve(store, old.keys.sealing, ALICE, request.id, HERE)
    assert old.open(EVE, FACTS["plan"]) == BODY


def test_what_is_new_is_done_with_what_is_old(old: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other keys, a second lock, a signed trail, a legal hold, and an end that is certified."""
    monkeypatch.setattr(phrase, "MEMORY", 1024)
    store, place, own = old.store, KeyPlace(old.keys.folder), old.keys
    before = place.ring("vault").active.id
    rotation.rotate(place, "vault", old.clock())
    done = list(resealing.reseal(store, "vault", own.opening.vault, own.sealing.vault, [before]))
    assert not any(batch.unreadable for batch in done)
    assert not resealing.standing(store, "vault", before)
    later = old.clock() + 2 * rotation.QUIET
    rotation.destroy(place, "vault", before, later, lambda _: 0)
    opens(old, Safe(store, replace(own, opening=load_opening(own.folder)), old.clock))

    words = second_lock.add(store, own.opening, own.sealing, ALICE, FACTS["file"], HERE)
    with pytest.raises(SecondLocked):
        old.open(BOB, FACTS["file"])
    assert second_lock.unlock(store, own.opening, own.sealing, BOB, FACTS["file"], words, HERE)

    matter = legal.place(store, FACTS["plan"], "ruth", "a matter")
    assert destroying.schedule(store) == 0
    for _ in range(2):  # what has expired is kept for a while, from when this version first looks
        old.clock.advance(days=31)
        destroying.schedule(store)
        destroying.destroy(store)
    old.clock.advance(days=31)
    destroying.destroy(store)
    assert denial(old, "expired", ALICE) is Denial.DESTROYED
    assert destroying.destroyed(store, FACTS["plan"]) is None
    legal.end(store, matter, "ruth", "closed", needs_two=False)
    assert destroying.destroy(store) == 1
    key = signing.make(own.folder)
    assert certifying.finish(store, lambda: key, "Example Council") == 2

    assert heads.make(store, key) is not None
    verdict = verifying.verify(store, [signing.load_public(own.folder)])
    assert verdict.findings.told == []
    assert verdict.lines == len(old.rows("events")) > 50
