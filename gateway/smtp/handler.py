"""What the SMTP door needs from whoever stands behind it, and what it tells them.

Promises that no type of the SMTP library leaks past the door. Must never hold the content of a
mail: that goes into a spool, encrypted from the first byte.
"""

from dataclasses import dataclass, field
from typing import Protocol

from gateway.relay.parameters import PLAIN_MAIL, MailParameters, RecipientParameters
from gateway.smtp.replies import Reply
from gateway.smtp.sasl import Bearer, Credentials
from vault.address import Address
from vault.contents.spool import Spool
from vault.people.users import User


@dataclass(slots=True, kw_only=True)
class MailSession:
    """One mail transaction and the connection it came over.

    It changes while commands arrive. From the moment it is given to `Handler.commit` it changes
    no more. `sender` is None before MAIL and for the null reverse-path: see `begun`. `asked_for`
    has an entry for each recipient that the client asked anything of.
    """

    peer_ip: str
    trusted: bool
    helo: str = ""
    extended: bool = False  # EHLO rather than HELO
    tls: bool = False
    tls_version: str = ""
    user: User | None = None
    begun: bool = False
    sender: Address | None = None
    recipients: list[Address] = field(default_factory=list)
    declared_size: int | None = None
    body8: bool = False
    asked: MailParameters = PLAIN_MAIL
    asked_for: dict[Address, RecipientParameters] = field(default_factory=dict)

    def next(self) -> "MailSession":
        """Return the session for the next mail on the same connection."""
        return MailSession(
            peer_ip=self.peer_ip,
            trusted=self.trusted,
            helo=self.helo,
            extended=self.extended,
            tls=self.tls,
            tls_version=self.tls_version,
            user=self.user,
        )


class Handler(Protocol):
    """Decides about mails. Every method may raise VaultError, which is answered for it."""

    async def authenticate(self, given: Credentials | Bearer, peer: str) -> User | None:
        """Return who signs in from the address `peer`, or None. May take its time on purpose.

        May raise BackendDownError as well.
        """

    async def mail_from(self, session: MailSession, address: Address | None) -> Reply | None:
        """Return a refusal of the envelope sender, or None."""

    async def rcpt_to(self, session: MailSession, address: Address) -> Reply | None:
        """Return a refusal of one recipient, or None."""

    def open_spool(self, session: MailSession) -> Spool:
        """Return where the content goes."""

    async def commit(self, session: MailSession, spool: Spool) -> Reply:
        """Take over the spool, complete or refuse the mail, and return the answer.

        Runs to its end even if the client hangs up.
        """
