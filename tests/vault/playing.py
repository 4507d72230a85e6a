"""Random histories of granting, revoking, expiring, extending, holding, shredding, locking, asking
and changing keys, played on a real store and on the model (`tests.vault.model`).

After each step every person tries every package.
"""

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.vault.bench import HERE, HandClock, Keys, Safe
from tests.vault.model import PEOPLE, Known, people
from vault import identifier
from vault.address import Address
from vault.ending import demand, destroying, legal
from vault.ending.demand import StillNeeded
from vault.errors import AccessDenied, CannotLock, Denial, SecondLocked
from vault.keys import resealing, rotation
from vault.keys.place import KeyPlace
from vault.keys.ring import KeyState
from vault.packages import access, catalogue, grants, requests, second_lock
from vault.packages.deposit import GrantFor
from vault.settings import VaultSettings
from vault.storage.store import Store, Transaction


def denied(tx: Transaction, reader: Address, package_id: str) -> Denial | None:
    try:
        access.check(tx, package_id, reader)
    except AccessDenied as refused:
        return refused.denial
    return None


class Access(RuleBasedStateMachine):
    """Plays a history; `settings` makes those of an empty store in a folder."""

    settings: Callable[[Path], VaultSettings]
    packages = Bundle("packages")

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        store = Store(self.settings(folder / "data"), clock=self.clock)
        self.keys = Keys.new(folder / "keys")
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

    @rule(pair=st.sampled_from(["vault", "relay"]), finished=st.booleans())
    def rotate(self, pair: str, finished: bool) -> None:
        """Change the key that seals; sometimes see it to the end. Nobody is to notice."""
        place, store = KeyPlace(self.keys.folder), self.safe.store
        rotation.rotate(place, pair, self.clock())
        if not finished:
            return
        older = [key.id for key in place.ring(pair).keys if key.state is KeyState.OPENING]
        opener = self.keys.opening.vault if pair == "vault" else self.keys.relay.relay
        sealer = self.keys.sealing.vault if pair == "vault" else self.keys.sealing.relay
        for batch in resealing.reseal(store, pair, opener, sealer, older):
            assert not batch.unreadable
        later, standing = self.clock() + 2 * rotation.QUIET, partial(resealing.standing, store)
        for key_id in older:
            rotation.destroy(place, pair, key_id, later, partial(standing, pair))

    @rule(package=packages, by=people)
    def lock(self, package: str, by: Address) -> None:
        """Add a second lock."""
        known = self.known[package]
        refused = CannotLock if by == known.owner else AccessDenied
        may = by == known.owner and not known.destroyed and known.words is None
        keys = (self.keys.opening, self.keys.sealing)
        with nullcontext() if may else pytest.raises(refused):
            known.words = second_lock.add(self.safe.store, *keys, by, package, HERE)

    @rule()
    def keep_house(self) -> None:
        """Shred what is due, and nothing else."""
        now, store = self.clock(), self.safe.store
        due = [known for known in self.known.values() if known.is_due(now)]
        destroying.schedule(store)
        assert destroying.destroy(store) == len(due)
        for known in due:
            known.destroyed = True
        left = {row.id: (row.wrapped, row.content_id) for row in self.safe.rows("packages")}
        shredded = {one for one, known in self.known.items() if known.destroyed}
        assert {one for one in left if None in left[one]} == shredded
        kept = {content_id for _, content_id in left.values()} - {None}
        assert {row.id for row in self.safe.rows("contents")} == kept

    @rule(package=packages, by=people)
    def destroy(self, package: str, by: Address) -> None:
        """Have it destroyed at once: nobody's to do but its owner's, and not what is kept."""
        known = self.known[package]
        may = by == known.owner and not known.destroyed
        refused = StillNeeded if may and known.holds else AccessDenied
        with nullcontext() if may and not known.holds else pytest.raises(refused):
            demand.by_owner(self.safe.store, by, package, HERE)
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
        if known.denial(reader, self.clock()) is not None:
            with pytest.raises(AccessDenied):
                self.safe.open(reader, package)
        elif known.words is None:
            assert self.safe.open(reader, package) == known.body
        else:
            with pytest.raises(SecondLocked):
                self.safe.open(reader, package)
            assert self._with_words(package, reader).open(reader, package) == known.body

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

    def _with_words(self, package: str, reader: Address) -> Safe:
        """Type the words of the second lock; returns the safe with what they make."""
        store, keys, words = self.safe.store, self.keys, self.known[package].words
        assert words is not None
        key = second_lock.unlock(store, keys.opening, keys.sealing, reader, package, words, HERE)
        opening = replace(keys.opening, second={package: key})
        return Safe(store, replace(keys, opening=opening), self.clock)

    def _allowed(self, known: Known, by: Address, change: Callable[[], None]) -> bool:
        if by == known.owner and not known.destroyed:
            change()
            return True
        with pytest.raises(AccessDenied) as caught:
            change()
        expected = Denial.DESTROYED if by == known.owner else Denial.UNKNOWN
        assert caught.value.denial is expected
        return False
