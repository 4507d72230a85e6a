"""How long a sign-in has to wait, after guessing: by address, and by account.

Nobody is locked out: an account whose user has signed in from an address before is not slowed down
there, however many others guess at it or from it. An IPv6 address counts with its /64, of which its
owner has all.

Promises that all processes of a node count together, so that more of them give nobody more guesses;
that a sign-in without any guessing before it writes nothing; and that where a failure could not be
counted nobody is let try for a moment (StoreUnavailable). Must never keep a name that was typed.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

from vault.errors import StoreUnavailable
from vault.people import guesses
from vault.secrets import Secret
from vault.storage import turns
from vault.storage.store import Store, Transaction

_T = TypeVar("_T")

MOST_DOUBLINGS = 30
UNCOUNTED = 10.0
"""Seconds without sign-ins after a failure that could not be counted."""
SEEN_LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How failures slow down: `free` ones, then one second, doubling up to `longest` seconds."""

    free: int
    longest: float

    def delay(self, failures: int) -> float:
        """Return the wait before the next try, in seconds."""
        if failures < self.free:
            return 0.0
        return min(self.longest, 2.0 ** min(failures - self.free, MOST_DOUBLINGS))


BY_ADDRESS = Pace(free=10, longest=20)
BY_ACCOUNT = Pace(free=5, longest=5)


class Place:
    """Who is said to sign in, and from where: an address, of IPv6 the network.

    `by_network`, `by_account` and `by_both` are the marks by which guesses from there, at the
    account, and where the account's user has signed in from there before, are counted.
    """

    __slots__ = ("account", "by_account", "by_both", "by_network", "network")

    def __init__(self, key: Secret, network: str, account: str) -> None:
        self.network, self.account = network, account
        self.by_network = guesses.mark_of(key, f"address {network}")
        self.by_account = guesses.mark_of(key, f"account {account}")
        self.by_both = guesses.mark_of(key, f"place {network} {account}")


class Throttle:
    """Decides how long a try has to wait. For one event loop; every method StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._deaf_until = 0.0

    def knows(self, place: Place) -> bool:
        """Whether this account's user has signed in from this address before."""
        return guesses.is_known(self._store, place.by_both)

    async def asked(self, look: Callable[[Place], _T], place: Place) -> _T:
        """Look at once where that takes microseconds, and on a thread where it takes a network."""
        if self._store.answers_at_once:
            return look(place)
        return await asyncio.to_thread(look, place)

    def delay(self, place: Place) -> float:
        """Return the wait in seconds that what has been counted asks for."""
        if self.knows(place):
            return BY_ACCOUNT.delay(self._failures(place.by_both))
        by_network = BY_ADDRESS.delay(self._failures(place.by_network))
        return max(by_network, BY_ACCOUNT.delay(self._failures(place.by_account)))

    async def wait(self, place: Place, waited: float = 0.0) -> float:
        """Return how many more seconds a try is to wait, and give it its turn after them.

        Tries that must wait come one after the other, whichever processes they are made to.
        """
        if time.monotonic() < self._deaf_until:
            raise StoreUnavailable("failures cannot be counted")
        more = await self.asked(self.delay, place) - waited
        if more <= 0:
            return 0.0
        known = await self.asked(self.knows, place)
        mark = place.by_both if known else place.by_network
        turn = partial(guesses.take_turn, mark=mark, delay=timedelta(seconds=more))
        given = await asyncio.wrap_future(self._store.hand_over(turn, *turns.guesses([mark])))
        return given.total_seconds()

    async def failed(self, place: Place) -> None:
        """Count a failure; what is counted is on the disk, and known to every process."""
        marks = (place.by_network, place.by_account, place.by_both)
        try:
            work = partial(guesses.add_failure, marks=marks)
            await asyncio.wrap_future(self._store.hand_over(work, *turns.guesses(marks)))
        except StoreUnavailable:
            self._deaf_until = time.monotonic() + UNCOUNTED
            raise

    def succeeded(self, place: Place) -> None:
        """Remember that these two belong together, unless that is known and nobody has guessed."""
        marks = [one for one in (place.by_account, place.by_both) if self._failures(one)]
        known = guesses.is_known(self._store, place.by_both, SEEN_LATELY)
        if marks or not known:
            work = partial(_welcome, marks=marks, place=place.by_both)
            self._store.hand_over_late(work, *turns.guesses([*marks, place.by_both]))

    def _failures(self, mark: bytes) -> int:
        return guesses.failures(self._store, mark)


def _welcome(tx: Transaction, marks: list[bytes], place: bytes) -> None:
    guesses.forget_failures(tx, marks)
    guesses.note_place(tx, place)
