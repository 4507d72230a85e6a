"""What people write to the addresses of our notices: queued for a mailbox of ours, or refused.

Promises that nothing is queued before every malware scanner has answered, that what they find is on
record before anybody hears of it, and that the mail goes with the null return path: a mailbox that
is full, or away, sends nothing back to us.
Must never forward what nobody could look at, unless the settings let that pass in the clear: there
is no sealing for it.
"""

import asyncio
from dataclasses import dataclass

import structlog

from gateway.pipeline.refusing import author
from gateway.pipeline.scanning import SCAN_LATER, TOO_LARGE_TO_SCAN, infected
from gateway.relay.headers import protocol, received_header
from gateway.scanners.panel import CLEAN, Panel, Report, Ruling
from gateway.scanners.scanner import Why
from gateway.smtp.handler import MailSession
from gateway.smtp.replies import Reply
from gateway.workers import Workers
from vault.address import Address
from vault.contents.spool import Spool
from vault.keys import SealingKeys
from vault.origin import Origin
from vault.packages import reference
from vault.packages.deposit import Deposit, Happened, Queued
from vault.packages.depositing import deposit
from vault.storage.store import Store
from vault.trail.audit import Act, record

NOT_READ = Reply(
    550,
    "5.7.1",
    "Nobody reads mail to this address. To answer a secure message, open it and reply there",
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """Forwards to `mailbox`; without one everything is refused."""

    store: Store
    keys: SealingKeys
    workers: Workers
    hostname: str
    mailbox: Address | None = None
    panel: Panel | None = None

    async def forward(self, session: MailSession, spool: Spool) -> Reply:
        """Queue a mail that is complete, or refuse it. Raises VaultError: then nothing was done."""
        if self.mailbox is None:
            log.info("notice.answer_refused", client_ip=session.peer_ip, size=spool.size)
            return NOT_READ
        report = await self._report(spool)
        if report.ruling is Ruling.INFECTED:
            await self.workers.call(self._found, session, self.mailbox, report.found)
            return infected(report.found)
        if report.missed:
            said = {name: why.name.lower() for name, why in report.missed.items()}
            log.warning("notice.answer_not_scanned", ruling=report.ruling.name, scanners=said)
        if report.ruling is not Ruling.FREE:
            return TOO_LARGE_TO_SCAN if Why.TOO_LARGE in report.missed.values() else SCAN_LATER
        return await self.workers.call(self._queue, session, spool, self.mailbox, report)

    async def _report(self, spool: Spool) -> Report:
        if self.panel is None:
            return CLEAN
        asking = self.panel.begin(spool.read, spool.size)
        try:
            return await asyncio.wrap_future(asking.report)
        finally:
            asking.end()

    # On a thread from here

    def _found(self, session: MailSession, mailbox: Address, found: str) -> None:
        log.warning("notice.answer_infected", found=found, client_ip=session.peer_ip)
        facts = {"actor": str(author(session) or ""), "subject": str(mailbox), "detail": found}
        with self.store.writing() as tx:
            record(tx, Act.MALWARE_FOUND, origin=Origin(ip=session.peer_ip), **facts)

    def _queue(self, session: MailSession, spool: Spool, mailbox: Address, report: Report) -> Reply:
        prefix = self._received(session, reference.draw())
        why = "; ".join(f"{name} {reason.value}" for name, reason in report.missed.items())
        kept = Deposit(
            spool=spool,
            author=mailbox,
            queued=Queued(recipients=(mailbox,), prefix=prefix, return_path=None),
            happened=(Happened(Act.SCAN_MISSED, mailbox, why),) if why else (),
            origin=Origin(ip=session.peer_ip),
        )
        receipt = deposit(self.store, self.keys, kept)
        log.info("notice.answer_forwarded", reference=receipt.reference, size=spool.size)
        return Reply(250, "2.0.0", f"Queued {receipt.reference}")

    def _received(self, session: MailSession, trace: str) -> bytes:
        return received_header(
            helo=session.helo,
            peer_ip=session.peer_ip,
            host=self.hostname,
            how=protocol(tls=session.tls, authenticated=False, utf8=session.asked.smtputf8),
            reference=trace,
            recipients=(),
            at=self.store.clock(),
        )
