"""Mail to our own addresses: what comes back to notices is recorded, and never passed on.

It stands before the pipeline and has the same door. Promises that a mail to a return path is kept
away from policy, safe and next hop; that nothing is ever answered, so that nothing can circle; and
that 250 is said when what it tells is on the disk. Whoever holds a notice's token can say that it
did not arrive: see `vault.sending.returns`. Must never log a token or a word of a mail.
"""

import re

import structlog

from gateway.bounces import formats
from gateway.bounces.forwarding import NOT_READ, Forwarding
from gateway.bounces.report import Outcome, Report
from gateway.bounces.returned import Returned, read
from gateway.bounces.settings import BounceSettings
from gateway.pipeline.examination import LOOP, MOST_HOPS
from gateway.scanners.panel import Panel
from gateway.smtp.handler import Handler, MailSession
from gateway.smtp.replies import Reply
from gateway.smtp.sasl import Bearer, Credentials
from gateway.workers import Workers
from vault.address import Address
from vault.contents.spool import Spool
from vault.keys import SealingKeys
from vault.people.users import User
from vault.sending import returns
from vault.sending.returns import NoticeOf
from vault.storage.store import Store

NOTED = Reply(250, "2.0.0", "Noted")
ALONE = Reply(452, "4.5.3", "Reports come alone: send to this address separately")
UNKNOWN = Reply(550, "5.1.1", "There is no such address here")
MOST_IDS = 20

log = structlog.get_logger()


class Returns:
    """A handler before another one: it takes what comes to our own addresses."""

    def __init__(
        self,
        inner: Handler,
        store: Store,
        keys: SealingKeys,
        *,
        workers: Workers,
        settings: BounceSettings,
        sender: Address,
        hostname: str,
        panel: Panel | None = None,
    ) -> None:
        self._inner = inner
        self._store = store
        self._keys = keys
        self._workers = workers
        self._settings = settings
        self._sender = sender
        self._forwarding = Forwarding(
            store=store,
            keys=keys,
            workers=workers,
            hostname=hostname,
            mailbox=settings.mailbox,
            panel=panel,
        )
        domain = re.escape(sender.domain.encode())
        self._our_letters = re.compile(rb"<([a-z2-7]{26})@" + domain + rb">", re.IGNORECASE)

    async def authenticate(self, given: Credentials | Bearer, peer: str) -> User | None:
        """Ask the pipeline."""
        return await self._inner.authenticate(given, peer)

    async def mail_from(self, session: MailSession, address: Address | None) -> Reply | None:
        """Refuse a sender that is not theirs; on the trusted port, wait for whom it is to.

        Reports and automatic answers come from anywhere. `rcpt_to` asks again.
        """
        return None if session.trusted else await self._inner.mail_from(session, address)

    async def rcpt_to(self, session: MailSession, address: Address) -> Reply | None:
        """Refuse what is no address of ours, and anybody beside one of ours."""
        if not self._is_ours(address):
            return await self._for_the_pipeline(session, address)
        if not session.trusted:
            return NOT_READ
        if session.recipients:
            return ALONE
        if token := self._settings.token_in(address):
            found = await self._workers.call(returns.find, self._store, self._keys, token)
            return None if found else UNKNOWN
        return None

    async def _for_the_pipeline(self, session: MailSession, address: Address) -> Reply | None:
        if any(map(self._is_ours, session.recipients)):
            return ALONE
        refusal = await self._inner.mail_from(session, session.sender)
        return refusal or await self._inner.rcpt_to(session, address)

    def open_spool(self, session: MailSession) -> Spool:
        """Ask the pipeline."""
        return self._inner.open_spool(session)

    async def commit(self, session: MailSession, spool: Spool) -> Reply:
        """Record what came back, or let the pipeline do its work. Raise VaultError."""
        ours = [one for one in session.recipients if self._is_ours(one)]
        if not ours:
            return await self._pass(session, spool)
        try:
            reply = await self._workers.call(self._take, session, spool, ours[0])
            return reply or await self._forwarding.forward(session, spool)
        finally:
            spool.abort()

    async def _pass(self, session: MailSession, spool: Spool) -> Reply:
        if refusal := await self._inner.mail_from(session, session.sender):
            spool.abort()
            return refusal
        return await self._inner.commit(session, spool)

    def _is_ours(self, address: Address) -> bool:
        ours = self._settings.token_in(address) is not None
        return ours or address.folded() == self._sender.folded()

    # On a thread from here

    def _take(self, session: MailSession, spool: Spool, address: Address) -> Reply | None:
        """Record what came back; return None for what a person may have written."""
        spool.finish()
        mail = read(spool.read(), null_sender=session.sender is None)
        if sum(one.name.lower() == "received" for one in mail.headers) >= MOST_HOPS:
            return LOOP
        report = formats.told(mail)
        if report is None:
            return None
        notice = self._notice(mail, address)
        changed = notice is not None and self._record(notice, report)
        log.info(
            "notice.returned",
            package_id=notice.package_id if notice else "",
            outcome=report.outcome.value,
            enhanced=report.status,
            recorded=changed,
            client_ip=session.peer_ip,
        )
        return NOTED

    def _notice(self, mail: Returned, address: Address) -> NoticeOf | None:
        """Return which notice it is about: by its token, else by the Message-ID of our letter."""
        if token := self._settings.token_in(address):
            return returns.find(self._store, self._keys, token)
        found = self._our_letters.findall(mail.raw)[:MOST_IDS]
        letters = [one.decode("ascii").lower() for one in dict.fromkeys(found)]
        return returns.find_by_letter(self._store, letters) if letters else None

    def _record(self, notice: NoticeOf, report: Report) -> bool:
        match report.outcome:
            case Outcome.FAILED:
                return returns.failed(self._store, self._keys, notice, report.line)
            case Outcome.DELAYED:
                return returns.delayed(self._store, notice, report.line)
            case Outcome.DELIVERED:
                return returns.delivered(self._store, notice)
            case Outcome.AUTOMATIC:
                return returns.answered(self._store, notice)
