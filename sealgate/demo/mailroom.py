"""The mail room: a next hop that catches what leaves the gateway and shows it on a page.

It stands for the rest of the world in the demo: what a recipient's mailbox would get appears here.
Promises to keep mail in memory only, and to listen on loopback only.
Must never deliver anything to anybody.
"""

import email
import email.message
import email.policy
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from gateway.signin.backend import Proof
from gateway.smtp.handler import MailSession
from gateway.smtp.replies import Reply
from vault.address import Address
from vault.clock import utc_now
from vault.contents import ContentFolder
from vault.contents.spool import Spool

KEPT = 500  # mails; the oldest goes first


@dataclass(frozen=True, slots=True)
class Caught:
    """One mail as the next hop received it."""

    number: int
    arrived: datetime
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> email.message.EmailMessage:
        """Parse the mail for showing; the demo shows only what the gateway let out."""
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, email.message.EmailMessage)  # noqa: S101 - the policy's class
        return parsed


class MailRoom:
    """An SMTP handler that accepts everything from loopback and remembers it."""

    def __init__(self, contents: ContentFolder) -> None:
        self.contents = contents  # the spool's shelf: where a large mail waits, encrypted
        self._caught: deque[Caught] = deque(maxlen=KEPT)
        self._count = 0

    def newest_first(self) -> list[Caught]:
        """Every mail still remembered."""
        return list(reversed(self._caught))

    def find(self, number: int) -> Caught | None:
        """One mail by its number."""
        return next((mail for mail in self._caught if mail.number == number), None)

    async def authenticate(self, given: Proof, peer: str) -> None:
        """Nobody signs in to a mail room."""

    async def mail_from(self, session: MailSession, address: Address | None) -> Reply | None:
        """Accept every sender."""

    async def rcpt_to(self, session: MailSession, address: Address) -> Reply | None:
        """Accept every recipient."""

    def open_spool(self, session: MailSession) -> Spool:
        """Receive as the gateway itself does."""
        return Spool(self)

    async def commit(self, session: MailSession, spool: Spool) -> Reply:
        """Remember the mail."""
        spool.finish()
        self._count += 1
        recipients = tuple(str(recipient) for recipient in session.recipients)
        self._caught.append(Caught(self._count, utc_now(), recipients, b"".join(spool.read())))
        spool.abort()
        return Reply(250, "2.0.0", f"Caught as mail {self._count}")
