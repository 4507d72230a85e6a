"""Whoever asks what is kept about them is found wherever an address is, and nowhere else."""

from datetime import timedelta

import pytest

from tests.vault.bench import ALICE, BOB, CAROL, DAVE, EVE, HERE, Safe
from vault.address import Address
from vault.ending import destroying
from vault.errors import StoreUnavailable
from vault.packages import grants, requests, searching
from vault.packages.deposit import GrantFor
from vault.packages.facts import Summary
from vault.packages.searching import NoReason, Part
from vault.trail.audit import Act
from vault.trail.strands import Strand

WHY = "Request of 3 November"


def find(safe: Safe, person: Address) -> dict[str, set[Part]]:
    return {one.package_id: set(one.parts) for one in searching.find(safe.store, person, "r", WHY)}


def test_a_person_is_found_by_every_part_they_have(safe: Safe) -> None:
    given = safe.package(BOB, CAROL)
    hidden = safe.package(GrantFor(address=BOB, visible=False), CAROL)
    written = safe.package(CAROL, author=BOB)
    owned = safe.package(CAROL, owner=BOB, body=b"owned")
    asked = safe.package(CAROL, body=b"asked")
    requests.ask(safe.store, safe.keys.sealing, BOB, asked, HERE)
    withdrawn = safe.package(BOB, CAROL, body=b"another")
    grants.revoke(safe.store, ALICE, withdrawn, BOB, HERE)
    safe.package(CAROL, EVE, summary=Summary(subject="About bob@clinic.example"))
    named = {Part.RECIPIENT, Part.NAMED}
    assert find(safe, BOB) == {
        given: named,
        hidden: named,
        withdrawn: named,
        written: {Part.AUTHOR, Part.OWNER, Part.NAMED},
        owned: {Part.OWNER},
        asked: {Part.REQUESTER, Part.NAMED},
    }
    assert find(safe, Address.parse("BOB@clinic.example")) == find(safe, BOB)
    assert find(safe, DAVE) == {}


def test_what_is_destroyed_is_found_and_said_to_be(safe: Safe) -> None:
    day = timedelta(days=1)
    package_id = safe.package(BOB, expires_in=day, terms={"kept_after_expiry": day})
    safe.deliver_all()
    (found,) = searching.find(safe.store, BOB, "ruth", WHY)
    assert not found.destroyed
    safe.clock.advance(days=3)
    destroying.destroy(safe.store)
    (found,) = searching.find(safe.store, BOB, "ruth", WHY)
    assert (found.package_id, found.destroyed) == (package_id, True)


def test_in_many_batches_everybody_is_found_once(
    safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "AT_ONCE", 2)
    ids = [safe.package(BOB, body=b"%d" % number) for number in range(5)]
    told: list[int] = []
    found = [one.package_id for one in searching.find(safe.store, BOB, "r", WHY, told.append)]
    assert found == sorted(ids)
    assert sum(told) == searching.count(safe.store) == len(ids)


def test_a_search_is_on_record_before_it_looks(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    safe.package(BOB)
    unreasoned = searching.find(safe.store, BOB, "ruth", " \n")
    with pytest.raises(NoReason):
        next(unreasoned)
    found = searching.find(safe.store, BOB, "ruth", WHY)
    next(found)
    line = safe.rows("events")[-1]
    assert (line.act, line.actor, line.subject, line.detail, line.package_id) == (
        Act.SEARCH_MADE,
        "ruth",
        str(BOB),
        WHY,
        None,
    )

    def full(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(Strand, "append", full)
    monkeypatch.setattr(searching, "_parts", pytest.fail)
    with pytest.raises(StoreUnavailable):
        next(searching.find(safe.store, BOB, "ruth", WHY))
