"""The envelope of a mail: who sends to whom, as the SMTP commands said it.

For rules about recipients. Promises that header fields play no part: what `To:` claims
never changes a decision. Must never be built from a header.
"""

from dataclasses import dataclass

from vault.address import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One mail transaction. `sender` is None for the null reverse-path (RFC 5321 §4.5.5)."""

    sender: Address | None
    recipients: tuple[Address, ...]
    own_domains: tuple[str, ...]
    authenticated: bool = False

    def is_internal(self, recipient: Address) -> bool:
        """Say whether a recipient is in a domain of ours, compared label by label."""
        return recipient.within(self.own_domains)
