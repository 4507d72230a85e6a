"""Signing in: whether a user name and password belong to somebody, and how fast one may guess.

Guessing slows down by address and by account, and an address guesses one at a time. Nobody is
locked out: an account whose user has signed in from an address before is not slowed down there,
however many others guess at it or from it.

Promises that a name which exists and one which does not are treated alike, in words and in time.
Must never log a user name or a password.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from gateway.workers import Workers
from vault import users
from vault.secrets import Secret
from vault.store import Store
from vault.users import User

log = structlog.get_logger()


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


MOST_DOUBLINGS = 30

BY_ADDRESS = Pace(free=10, longest=20)
BY_ACCOUNT = Pace(free=5, longest=5)
FORGIVEN_AFTER = 600.0
"""Seconds without a failure after which half of them are forgotten."""
REMEMBERED = 10_000
"""Addresses, accounts and pairs of them that are remembered; the oldest are forgotten first."""


class Failures:
    """Counts failures by key; they fade with time."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        self._pace = pace
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def delay(self, key: str) -> float:
        """Return the wait before the next try for `key`, in seconds."""
        return self._pace.delay(self._count(key))

    def add(self, key: str) -> None:
        """Count one more."""
        self._counts[key] = (self._count(key) + 1, self._clock())
        self._counts.move_to_end(key)
        while len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)

    def forget(self, key: str) -> None:
        """Start `key` again."""
        self._counts.pop(key, None)

    def _count(self, key: str) -> int:
        count, at = self._counts.get(key, (0, 0.0))
        return count >> min(int((self._clock() - at) / FORGIVEN_AFTER), MOST_DOUBLINGS)


class Throttle:
    """Decides how long a try has to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._by_address = Failures(BY_ADDRESS, clock)
        self._by_account = Failures(BY_ACCOUNT, clock)
        self._by_pair = Failures(BY_ACCOUNT, clock)
        self._known: OrderedDict[str, None] = OrderedDict()

    def knows(self, peer: str, account: str) -> bool:
        """Whether this account's user has signed in from this address before."""
        return _pair(peer, account) in self._known

    def delay(self, peer: str, account: str) -> float:
        """Return the wait in seconds."""
        if self.knows(peer, account):
            return self._by_pair.delay(_pair(peer, account))
        return max(self._by_address.delay(peer), self._by_account.delay(account))

    def failed(self, peer: str, account: str) -> None:
        """Count a failure."""
        self._by_address.add(peer)
        self._by_account.add(account)
        self._by_pair.add(_pair(peer, account))

    def succeeded(self, peer: str, account: str) -> None:
        """Remember that these two belong together."""
        pair = _pair(peer, account)
        self._by_account.forget(account)
        self._by_pair.forget(pair)
        self._known[pair] = None
        self._known.move_to_end(pair)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def _pair(peer: str, account: str) -> str:
    return f"{peer} {account}"


class Turns:
    """One at a time for each address; keeps nothing for an address where nobody waits."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for the turn of `key`."""
        lock, waiting = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks[key]
            self._locks[key] = (lock, waiting - 1)
            if waiting == 1:
                del self._locks[key]


class Authenticator:
    """Checks user names and passwords, at a bounded pace."""

    def __init__(
        self, store: Store, workers: Workers, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._workers = workers
        self._throttle = Throttle(clock)
        self._turns = Turns()

    async def verify(self, login: str, password: Secret, peer: str) -> User | None:
        """Return who this is, or None; waits first if there has been guessing.

        Raises StoreUnavailable.
        """
        account = login.strip().lower()
        if self._throttle.knows(peer, account):
            return await self._check(login, password, peer, account)
        async with self._turns.turn(peer):
            return await self._check(login, password, peer, account)

    async def _check(self, login: str, password: Secret, peer: str, account: str) -> User | None:
        wait = self._throttle.delay(peer, account)
        await asyncio.sleep(wait)
        user = await self._workers.call(users.verify, self._store, login, password)
        if user is None:
            self._throttle.failed(peer, account)
            log.info("auth.failed", client_ip=peer, waited=wait)
        else:
            self._throttle.succeeded(peer, account)
        return user
