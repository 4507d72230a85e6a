"""The users that `sealgate user` keeps, and the addresses that are theirs.

Promises that a name nobody has takes as long to refuse as a wrong password.
"""

from gateway.signin.backend import Proof
from gateway.smtp.sasl import Credentials
from gateway.workers import Workers
from vault.people import users
from vault.people.users import User
from vault.storage.store import Store


class LocalUsers:
    """Users of this node's own database."""

    name = "local"

    def __init__(self, store: Store, workers: Workers) -> None:
        self._store = store
        self._workers = workers

    async def identify(self, given: Proof) -> User | None:
        """Return whose name and password these are, or None. Raises StoreUnavailable."""
        if not isinstance(given, Credentials):
            return None
        return await self._workers.call(users.verify, self._store, given.login, given.password)

    async def close(self) -> None:
        """Nothing is held."""
