"""What an installation knows beyond the mail in hand: the time, its past, its routes.

For conditions about first-time recipients, look-alikes of frequent ones, the hour and the route.
The SMTP door hands in what the vault and the next hop know. Promises that nothing known never
counts as a good sign: nobody has been written to, no route is verified.
"""

from datetime import UTC, datetime
from typing import Protocol

from vault.address import Address


class Knowledge(Protocol):
    """What may be asked. Every answer is for one moment: that of the decision."""

    @property
    def now(self) -> datetime:
        """The time of the decision, aware."""

    def has_sent_to(self, sender: Address, recipient: Address) -> bool:
        """Say whether the sender has written to the recipient before."""

    def frequent_recipients(self, sender: Address) -> tuple[Address, ...]:
        """Return whom the sender writes to often, most often first; bounded."""

    def tls_verified(self, domain: str) -> bool:
        """Say whether mail to a domain travels by TLS to a server whose name was verified."""


class NothingKnown:
    """An installation without a past and without verified routes; it still has a clock."""

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def has_sent_to(self, _sender: Address, _recipient: Address) -> bool:
        """Nobody has written to anybody."""
        return False

    def frequent_recipients(self, _sender: Address) -> tuple[Address, ...]:
        """Nobody is written to often."""
        return ()

    def tls_verified(self, _domain: str) -> bool:
        """No route is verified."""
        return False


NOTHING_KNOWN: Knowledge = NothingKnown()
