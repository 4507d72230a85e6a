"""Signing in: who somebody is, whichever backend knows them, and how fast one may guess.

Guessing slows down by address and by account, and an address guesses one at a time. Nobody is
locked out: an account whose user has signed in from an address before is not slowed down there,
however many others guess at it or from it.

Promises that a name which exists and one which does not are treated alike, in words and in time.
Must never log a user name, a password or a token.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from gateway.errors import BackendDownError
from gateway.signin.backend import Backend, Proof
from gateway.smtp.sasl import Credentials
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
    """Asks each backend in turn who somebody is, at a bounded pace.

    An address has one try at a time with each backend: one that is slow holds up nobody who is
    known to another.
    """

    def __init__(
        self, backends: Sequence[Backend], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._backends = tuple(backends)
        self._throttle = Throttle(clock)
        self._turns = Turns()

    async def verify(self, given: Proof, peer: str) -> User | None:
        """Return who this is, or None; waits first if there has been guessing.

        Raises BackendDownError when nobody knows them and somebody could not tell, VaultError.
        """
        attempt = _Attempt(given, peer, _account(given))
        down: BackendDownError | None = None
        for backend in self._backends:
            try:
                user = await self._ask(backend, attempt)
            except BackendDownError as error:
                down = error
                continue
            if user is not None:
                self._throttle.succeeded(peer, attempt.account)
                return user
        # Also when one is down: the others have said no, and must not be guessed at meanwhile.
        self._throttle.failed(peer, attempt.account)
        log.info("auth.failed", client_ip=peer, waited=attempt.waited)
        if down is not None:
            raise down
        return None

    async def _ask(self, backend: Backend, attempt: "_Attempt") -> User | None:
        if self._throttle.knows(attempt.peer, attempt.account):
            return await self._check(backend, attempt)
        async with self._turns.turn(f"{attempt.peer} {backend.name}"):
            return await self._check(backend, attempt)

    async def _check(self, backend: Backend, attempt: "_Attempt") -> User | None:
        wait = max(0.0, self._throttle.delay(attempt.peer, attempt.account) - attempt.waited)
        attempt.waited += wait
        await asyncio.sleep(wait)
        return await backend.identify(attempt.given)

    async def close(self) -> None:
        """Let every backend go."""
        for backend in self._backends:
            await backend.close()


@dataclass(slots=True)
class _Attempt:
    """One try, and how many seconds it has been made to wait."""

    given: Proof
    peer: str
    account: str
    waited: float = 0.0


def _account(given: Proof) -> str:
    """Return what guesses are counted by: who is said to sign in."""
    named = given.login if isinstance(given, Credentials) else given.acting_as
    return named.strip().lower()
