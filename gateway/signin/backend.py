"""What every place that knows users can do: say who somebody is.

Promises that the door, the limits on guessing and the rule that nobody sends as somebody else are
the same for all of them. Must never slow guessing down itself: `gateway.smtp.authentication` does,
before any of them is asked.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from gateway.smtp.sasl import Bearer, Credentials
from vault.address import Address
from vault.errors import AddressError
from vault.people.users import User

Proof = Credentials | Bearer
"""What a client shows: a user name with a password, or a token."""


class Backend(Protocol):
    """One place that knows users."""

    @property
    def name(self) -> str:
        """A word for the log."""

    async def identify(self, given: Proof) -> User | None:
        """Return who this is; None if they are not known here, or for a proof not taken here.

        Must bound its own time. Raises BackendDownError when it cannot tell, or VaultError.
        """

    async def close(self) -> None:
        """Let go of threads and connections."""


def user_of(values: Sequence[Any], own_domains: Iterable[str]) -> User | None:
    """Return who has these addresses, the first of ours being the one they are known by.

    `SMTP:` before an address is how Active Directory writes them (proxyAddresses).
    """
    own: list[Address] = []
    for value in values:
        kind, colon, address = str(value).rpartition(":")
        if colon and kind.lower() != "smtp":
            continue
        try:
            found = Address.parse(address).homely(own_domains)
        except AddressError:
            continue
        if found.within(own_domains):
            own.append(found)
    return User(own[0], frozenset(own)) if own else None
