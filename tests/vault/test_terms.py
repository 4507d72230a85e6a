"""What a package asks of its readers is kept by the vault, whatever a page shows."""

import pytest
from sqlalchemy import update

from tests.vault.bench import ALICE, BOB, EVE, Safe
from vault.contents.spool import Spool
from vault.errors import AccessDenied, Denial
from vault.packages import access, catalogue
from vault.packages.deposit import Deposit, GrantFor, Restrictions
from vault.packages.depositing import deposit
from vault.packages.strength import Strength, suffices
from vault.sending.outbox import Kind
from vault.storage import tables
from vault.trail.audit import Act

VIEW_ONLY = Restrictions(view_only=True, reply_allowed=False, protection="high")


def sealed(safe: Safe, restrictions: Restrictions) -> str:
    kept = Deposit(
        spool=Spool.of(safe.store, repr(restrictions).encode()),
        author=ALICE,
        grants=(GrantFor(address=BOB),),
        restrictions=restrictions,
    )
    package_id = deposit(safe.store, safe.keys.sealing, kept).package_id
    assert package_id
    return package_id


@pytest.mark.parametrize("act", sorted(access.COPIES))
def test_no_copy_is_given_out_of_what_is_view_only(safe: Safe, act: Act) -> None:
    package_id = sealed(safe, VIEW_ONLY)
    assert safe.open(BOB, package_id, Act.PACKAGE_OPENED)
    with pytest.raises(AccessDenied) as refused:
        safe.open(BOB, package_id, act)
    assert refused.value.denial is Denial.VIEW_ONLY
    with pytest.raises(AccessDenied) as stranger:
        safe.open(EVE, package_id, act)
    assert stranger.value.denial is Denial.UNKNOWN
    assert safe.open(ALICE, package_id, act)  # the owner's own
    last = catalogue.timeline(safe.store, ALICE, package_id)
    assert (Act.ACCESS_DENIED, str(BOB), "view_only") in [(e.act, e.actor, e.detail) for e in last]
    free = sealed(safe, Restrictions())
    assert safe.open(BOB, free, act)  # the control


def test_every_other_act_that_opens_counts_as_a_copy_or_as_reading() -> None:
    opening = {act for act in Act if act.startswith(("package:", "attachment:", "original:"))}
    of_the_organisation = {Act.PACKAGE_EXPORTED, Act.PACKAGE_IMPORTED, Act.PACKAGE_DISCLOSED}
    reading = {Act.PACKAGE_OPENED, Act.PACKAGE_SEALED}
    assert opening - access.COPIES - of_the_organisation == reading


def test_a_sign_in_that_this_version_does_not_know_opens_nothing(safe: Safe) -> None:
    package_id = sealed(safe, Restrictions())
    with safe.store.writing() as tx:
        tx.execute(update(tables.packages).values(sign_in="passkey"))
    with pytest.raises(AccessDenied) as refused:
        safe.open(BOB, package_id)
    assert refused.value.denial is Denial.TOO_WEAK
    assert safe.open(ALICE, package_id)
    assert suffices(Strength.CODE, "code")
    assert not suffices(Strength.CODE, "")


def test_terms_are_on_record_and_in_the_notice(safe: Safe) -> None:
    package_id = sealed(safe, VIEW_ONLY)
    (first, *_) = catalogue.timeline(safe.store, ALICE, package_id)
    assert (first.act, first.detail) == (
        Act.PACKAGE_SEALED,
        "view only, no replies, high protection",
    )
    (notice,) = [item for item in safe.claim() if item.kind is Kind.NOTICE]
    assert (notice.fields["view_only"], notice.fields["replies"]) == ("yes", "")
    (line,) = catalogue.received(safe.store, safe.keys.opening, BOB).items
    assert (line.package.view_only, line.package.protection) == (True, "high")
