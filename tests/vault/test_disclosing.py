"""Nobody writes out alone what takes two, and the record says who the two were."""

from datetime import timedelta

import pytest

from tests.vault.bench import ALICE, BOB, CAROL, HERE, Safe
from vault.address import Address
from vault.ending import legal
from vault.exchange.folder import Selection
from vault.packages import catalogue, disclosing, grants
from vault.packages.disclosing import LASTS, NotPossible
from vault.people import users
from vault.secrets import Secret
from vault.storage.tables import RequestState
from vault.trail import incident

RUTH = Address.parse("ruth@council.example")
OMAR = Address.parse("omar@council.example")
ASH = Address.parse("r.ash@council.example")


@pytest.fixture
def people(safe: Safe) -> None:
    users.add(safe.store, RUTH, Secret(b"a long password"), [ASH])
    users.add(safe.store, OMAR, Secret(b"another password"))


@pytest.mark.usefixtures("people")
def test_it_takes_two(safe: Safe) -> None:
    first, second = sorted([safe.package(BOB), safe.package(CAROL)])
    before = len(safe.rows("events"))
    asked = disclosing.ask(safe.store, Selection(packages=[first, second]), RUTH, "Request 7")
    with pytest.raises(NotPossible, match="nobody has approved"):
        disclosing.approved(safe.store, asked.id)
    for same in (RUTH, ASH, Address.parse("RUTH@council.example")):
        with pytest.raises(NotPossible, match="another person"):
            disclosing.approve(safe.store, asked.id, same)
    with pytest.raises(NotPossible, match="nobody has approved"):
        disclosing.approved(safe.store, asked.id)
    disclosing.approve(safe.store, asked.id, OMAR, "Seen the request")
    found = disclosing.approved(safe.store, asked.id)
    assert found.selection.packages == [first, second]
    assert (found.asked_by, found.decided_by) == (str(RUTH), str(OMAR))
    assert disclosing.every(safe.store) == [found]
    told = [(row.act, row.package_id, row.actor) for row in safe.rows("events")[before:]]
    assert told == [
        ("disclosure:asked", first, str(RUTH)),
        ("disclosure:asked", second, str(RUTH)),
        ("disclosure:approved", first, str(OMAR)),
        ("disclosure:approved", second, str(OMAR)),
    ]
    details = {row.detail for row in safe.rows("events")[before:]}
    assert details == {f"{found.id}; Request 7", f"{found.id}; Seen the request"}
    with pytest.raises(NotPossible, match="no answer any more"):
        disclosing.approve(safe.store, asked.id, OMAR)


@pytest.mark.usefixtures("people")
def test_an_answer_counts_for_a_while(safe: Safe) -> None:
    asked = disclosing.ask(safe.store, Selection(), RUTH, "All of it")
    disclosing.approve(safe.store, asked.id, OMAR)
    safe.clock.now += LASTS - timedelta(seconds=1)
    assert disclosing.approved(safe.store, asked.id).state is RequestState.APPROVED
    safe.clock.advance(seconds=1)
    with pytest.raises(NotPossible, match="lapsed"):
        disclosing.approved(safe.store, asked.id)
    late = disclosing.ask(safe.store, Selection(), RUTH, "Once more")
    safe.clock.now += LASTS
    with pytest.raises(NotPossible, match="no answer any more"):
        disclosing.approve(safe.store, late.id, OMAR)


@pytest.mark.usefixtures("people")
def test_what_is_declined_stays_so(safe: Safe) -> None:
    for by in (OMAR, RUTH):  # who asked may take it back
        asked = disclosing.ask(safe.store, Selection(), RUTH, "All of it")
        disclosing.decline(safe.store, asked.id, by, "Not ours")
        with pytest.raises(NotPossible, match="declined"):
            disclosing.approved(safe.store, asked.id)
        with pytest.raises(NotPossible, match="no answer any more"):
            disclosing.approve(safe.store, asked.id, OMAR)
    for wrong in ("", " \n"):
        with pytest.raises(NotPossible, match="say why"):
            disclosing.ask(safe.store, Selection(), RUTH, wrong)
    with pytest.raises(NotPossible, match="no such disclosure"):
        disclosing.approve(safe.store, "a" * 26, OMAR)


@pytest.mark.usefixtures("people")
def test_its_owner_is_not_shown_it(safe: Safe) -> None:
    package_id = safe.package(BOB)
    asked = disclosing.ask(safe.store, Selection(packages=[package_id]), RUTH, "An inquiry")
    disclosing.approve(safe.store, asked.id, OMAR)
    legal.place(safe.store, package_id, "ruth", "An inquiry")
    grants.revoke(safe.store, ALICE, package_id, BOB, HERE)
    shown = {one.act.value for one in catalogue.timeline(safe.store, ALICE, package_id)}
    gathered = incident.gather(
        safe.store, package_id, by=str(ALICE), origin=HERE, on_behalf_of=str(ALICE)
    )
    reported = {one.act.value for one in gathered.events}
    for acts in (shown, reported):
        assert "access:revoked" in acts
        assert not [act for act in acts if act.startswith(("disclosure", "legal_hold"))]
    whole = incident.gather(safe.store, package_id, by="ruth", origin=HERE)
    assert "disclosure:asked" in {one.act.value for one in whole.events}
