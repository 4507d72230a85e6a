"""Signing in: who somebody is, whichever backend knows them, and how fast one may guess.

Guessing slows down by address and by account (`gateway.smtp.throttle`), and an address guesses one
at a time.

Promises that a name which exists and one which does not are treated alike, in words and in time.
Must never log a user name, a password or a token.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from unicodedata import category, normalize

import structlog

from gateway.errors import BackendDownError
from gateway.signin.backend import Backend, Proof
from gateway.smtp.sasl import Credentials
from gateway.smtp.throttle import Place, Throttle
from vault.address import Address
from vault.errors import AddressError
from vault.people.attempts import network_of
from vault.people.users import User
from vault.secrets import Secret
from vault.storage.store import Store

log = structlog.get_logger()


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
    known to another. `key` hides what guesses are counted by.
    """

    def __init__(self, backends: Sequence[Backend], store: Store, key: Secret) -> None:
        self._backends = tuple(backends)
        self._key = key
        self._throttle = Throttle(store)
        self._turns = Turns()

    async def verify(self, given: Proof, peer: str) -> User | None:
        """Return who this is, or None; waits first if there has been guessing.

        Raises BackendDownError when nobody knows them and somebody could not tell, VaultError.
        """
        attempt = _Attempt(given, Place(self._key, network_of(peer), _account(given)))
        down: BackendDownError | None = None
        for backend in self._backends:
            try:
                user = await self._ask(backend, attempt)
            except BackendDownError as error:
                down = error
                continue
            if user is not None:
                await self._throttle.asked(self._throttle.succeeded, attempt.place)
                return user
        # Also when one is down: the others have said no, and must not be guessed at meanwhile.
        await self._throttle.failed(attempt.place)
        log.info("auth.failed", client_ip=peer, waited=attempt.waited)
        if down is not None:
            raise down
        return None

    async def _ask(self, backend: Backend, attempt: "_Attempt") -> User | None:
        if await self._throttle.asked(self._throttle.knows, attempt.place):
            return await self._check(backend, attempt)
        async with self._turns.turn(f"{attempt.place.network} {backend.name}"):
            return await self._check(backend, attempt)

    async def _check(self, backend: Backend, attempt: "_Attempt") -> User | None:
        wait = await self._throttle.wait(attempt.place, attempt.waited)
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
    place: Place
    waited: float = 0.0


def _account(given: Proof) -> str:
    """Return what guesses are counted by: who is said to sign in, however it is spelt.

    Ours are known by their canonical address. A directory may go by letters alone, without case,
    width, accents or what cannot be seen: two names that become one here only wait together.
    """
    named = given.login if isinstance(given, Credentials) else given.acting_as
    with suppress(AddressError):
        named = str(Address.parse(named.strip()))
    letters = (one for one in normalize("NFKD", named) if category(one)[0] not in "CM")
    return " ".join("".join(letters).casefold().split())
