"""Who may open what, against a model small enough to be read at a glance.

Random histories of sending, granting, revoking, expiring, extending, holding, destroying, asking
and deciding are played on a real store and on the model; after each step every person tries every
package.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.vault.bench import ALICE, BOB, CAROL, DAVE, EVE, HERE, HandClock, Keys, Safe
from vault import access, catalogue, destroying, grants, identifier, legal, requests
from vault.address import Address
from vault.deposit import GrantFor
from vault.errors import AccessDenied, Denial
from vault.settings import VaultSettings
from vault.store import Store, Transaction

LOOKALIKE = Address.parse("Bob@clinic.example")
PEOPLE = (ALICE, BOB, CAROL, DAVE, EVE, LOOKALIKE)
people = st.sampled_from(PEOPLE)


@dataclass
class Known:
    """The reference: what ought to be true of one package."""

    body: bytes
    owner: Address
    author: Address
    expires_at: datetime | None
    not_before: datetime | None
    active: dict[Address, bool] = field(default_factory=dict)
    kept: timedelta = timedelta()
    holds: list[str] = field(default_factory=list)
    destroyed: bool = False

    def denial(self, reader: Address, now: datetime) -> Denial | None:
        belongs = reader in {self.owner, self.author}
        if not belongs and reader not in self.active:
            return Denial.UNKNOWN
        if self.destroyed:
            return Denial.DESTROYED
        if belongs:
            return None
        if not self.active[reader]:
            return Denial.REVOKED
        if self.expires_at and self.expires_at <= now:
            return Denial.EXPIRED
        return Denial.NOT_YET if self.not_before and self.not_before > now else None

    def is_due(self, now: datetime) -> bool:
        ends = self.expires_at + self.kept if self.expires_at else None
        return not self.holds and not self.destroyed and ends is not None and ends <= now


def denied(tx: Transaction, reader: Address, package_id: str) -> Denial | None:
    try:
        access.check(tx, package_id, reader)
    except AccessDenied as refused:
        return refused.denial
    return None


class Access(RuleBasedStateMachine):
    keys: Keys
    packages = Bundle("packages")

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.folder = tempfile.TemporaryDirectory()
        store = Store(VaultSettings(folder=Path(self.folder.name) / "data"), clock=self.clock)
        self.safe = Safe(store, self.keys, self.clock)
        self.known: dict[str, Known] = {}

    def teardown(self) -> None:
        self.safe.store.close()
        self.folder.cleanup()

    @rule(
        target=packages,
        author=people,
        owner=people,
        to=st.lists(people, min_size=1, max_size=3),
        hidden=st.booleans(),
        expires=st.none() | st.integers(1, 4),
        opens=st.none() | st.integers(1, 3),
        kept=st.integers(0, 3),
    )
    def send(
        self,
        author: Address,
        owner: Address,
        to: list[Address],
        hidden: bool,
        expires: int | None,
        opens: int | None,
        kept: int,
    ) -> str:
        body = b"package %d" % len(self.known)
        grants_for = [GrantFor(address=address, visible=not hidden) for address in to]
        until, since = (timedelta(hours=h) if h else None for h in (expires, opens))
        package_id = self.safe.package(
            *grants_for,
            body=body,
            author=author,
            owner=owner,
            expires_in=until,
            opens_in=since,
            terms={"kept_after_expiry": timedelta(hours=kept)},
        )
        self.known[package_id] = Known(
            body,
            owner,
            author,
            self.clock() + until if until else None,
            self.clock() + since if since else None,
            dict.fromkeys(to, True),
            timedelta(hours=kept),
        )
        return package_id

    @rule(package=packages, by=people, whom=st.none() | people)
    def revoke(self, package: str, by: Address, whom: Address | None) -> None:
        known = self.known[package]
        if known.destroyed and by == known.owner:
            return  # it may be withdrawn all the same: nobody can open it
        if self._allowed(
            known, by, lambda: grants.revoke(self.safe.store, by, package, whom, HERE)
        ):
            for address in [whom] if whom else list(known.active):
                if address in known.active:
                    known.active[address] = False

    @rule(package=packages, by=people, whom=st.none() | people)
    def restore(self, package: str, by: Address, whom: Address | None) -> None:
        known, sealing = self.known[package], self.keys.sealing
        if self._allowed(
            known, by, lambda: grants.restore(self.safe.store, sealing, by, package, whom, HERE)
        ):
            for address in [whom] if whom else list(known.active):
                if address in known.active:
                    known.active[address] = True

    @rule(package=packages, by=people, whom=people)
    def add(self, package: str, by: Address, whom: Address) -> None:
        known, sealing = self.known[package], self.keys.sealing
        if self._allowed(
            known, by, lambda: grants.add(self.safe.store, sealing, by, package, whom, HERE)
        ):
            known.active[whom] = True

    @rule(package=packages, by=people, hours=st.none() | st.integers(-2, 4))
    def extend(self, package: str, by: Address, hours: int | None) -> None:
        known = self.known[package]
        until = None if hours is None else self.clock() + timedelta(hours=hours)
        if self._allowed(
            known, by, lambda: grants.extend(self.safe.store, by, package, until, HERE)
        ):
            known.expires_at = until

    @rule(package=packages, by=people)
    def ask(self, package: str, by: Address) -> None:
        requests.ask(self.safe.store, self.keys.sealing, by, package, HERE)

    @rule(package=packages, approve=st.booleans())
    def decide(self, package: str, approve: bool) -> None:
        known, store = self.known[package], self.safe.store
        for request in requests.pending(store, known.owner, package):
            decide = requests.approve if approve else requests.decline
            decide(store, self.keys.sealing, known.owner, request.id, HERE)
            if approve:
                known.active[request.requester] = True

    @rule(package=packages)
    def place_hold(self, package: str) -> None:
        known, store = self.known[package], self.safe.store
        if known.destroyed:
            with pytest.raises(legal.NotPossible):
                legal.place(store, package, "ruth", "a matter")
        else:
            known.holds.append(legal.place(store, package, "ruth", "a matter"))

    @rule(package=packages)
    def end_hold(self, package: str) -> None:
        if holds := self.known[package].holds:
            assert legal.end(self.safe.store, holds.pop(), "ruth", "closed", needs_two=False)

    @rule()
    def keep_house(self) -> None:
        now, store = self.clock(), self.safe.store
        due = [known for known in self.known.values() if known.is_due(now)]
        destroying.schedule(store)
        assert destroying.destroy(store) == len(due)
        for known in due:
            known.destroyed = True

    @rule(hours=st.integers(1, 2))
    def wait(self, hours: int) -> None:
        self.clock.advance(hours=hours)

    @rule()
    def deliver(self) -> None:
        self.safe.deliver_all()

    @rule(package=packages, reader=people)
    def open(self, package: str, reader: Address) -> None:
        known = self.known[package]
        if known.denial(reader, self.clock()) is None:
            assert self.safe.open(reader, package) == known.body
        else:
            with pytest.raises(AccessDenied):
                self.safe.open(reader, package)

    @invariant()
    def everyone_tries_everything(self) -> None:
        now = self.clock()
        with self.safe.store.reading() as tx:
            for reader in PEOPLE:
                for package_id, known in self.known.items():
                    assert denied(tx, reader, package_id) is known.denial(reader, now)
                assert denied(tx, reader, identifier.draw()) is Denial.UNKNOWN

    @rule()
    def lists_agree(self) -> None:
        opening = self.keys.opening
        for reader in PEOPLE:
            listed = catalogue.received(self.safe.store, opening, reader).items
            expected = {i: k for i, k in self.known.items() if reader in k.active}
            assert {line.package.id: line.package.denial for line in listed} == {
                i: k.denial(reader, self.clock()) for i, k in expected.items()
            }

    def _allowed(self, known: Known, by: Address, change: Callable[[], None]) -> bool:
        if by == known.owner and not known.destroyed:
            change()
            return True
        with pytest.raises(AccessDenied) as caught:
            change()
        expected = Denial.DESTROYED if by == known.owner else Denial.UNKNOWN
        assert caught.value.denial is expected
        return False


SHORT = settings(
    max_examples=10,
    stateful_step_count=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_the_store_agrees_with_the_model(keys: Keys) -> None:
    machine = type("BoundAccess", (Access,), {"keys": keys})
    run_state_machine_as_test(machine, settings=SHORT)


def test_the_model_does_find_a_wrong_store(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a check that forgets revocation is caught."""
    judge = access.judge

    def forgetful(*args: Any) -> Denial | None:
        denial = judge(*args)
        return None if denial is Denial.REVOKED else denial

    machine = type("BoundAccess", (Access,), {"keys": keys})()
    try:
        package = machine.send(ALICE, ALICE, [BOB], hidden=False, expires=None, opens=None, kept=1)
        machine.revoke(package, ALICE, BOB)
        machine.everyone_tries_everything()
        monkeypatch.setattr(access, "judge", forgetful)
        with pytest.raises(AssertionError):
            machine.everyone_tries_everything()
    finally:
        machine.teardown()
