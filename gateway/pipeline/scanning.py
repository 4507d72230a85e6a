"""What malware scanners mean for a mail at the SMTP door.

They look at it while the policy is asked about it. Promises that nothing is kept, sealed or sent
before they have answered, that what they find is on record before the sender hears of it, and that
a mail nobody could look at goes only where the settings say so. A mail that the policy refuses is
refused at once; the scanners may go on with it for a moment, so that what they find is on record.
Must never let a scanner's own words through, but for the name of what it found.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Semaphore

import structlog

from gateway.errors import RefusedError
from gateway.pipeline.examination import Examined, check_decisions
from gateway.pipeline.refusing import note_malware
from gateway.pipeline.sealing import author_of
from gateway.scanners.panel import Asking, Panel, Report, Ruling
from gateway.smtp.handler import MailSession
from gateway.smtp.replies import Reply
from gateway.workers import Workers
from policies.decision import Decision, Outcome, Reason
from policies.terms import ANY_WAY
from vault.contents.spool import Spool
from vault.origin import Origin
from vault.packages.deposit import Happened
from vault.storage.store import Store
from vault.trail.audit import Act, record

NOT_SCANNED = "not-scanned"
SCAN_LATER = Reply(
    451, "4.7.0", "Not taken now: no malware scanner could look at this message. Try again later."
)
TOO_LARGE_TO_SCAN = Reply(
    552,
    "5.3.4",
    "Not sent to anyone: the message is larger than is looked at for malware. Send less at once.",
)
_WHY = "No malware scanner has looked at all of it, and nothing else leaves in the clear."

LINGER = 5.0
"""Seconds for which scanners may go on with a mail that is refused already."""
MOST_LINGERING = 8
"""Refused mails before the scanners at the same time; of any more nothing is learnt."""

log = structlog.get_logger()


def infected(found: str) -> Reply:
    """Return the refusal of a mail in which malware of that name was found."""
    said = f"Not sent to anyone: a scanner found malware in it: {found}."
    return Reply(550, "5.7.0", f"{said} Do not pass it on, and tell your IT service.")


@dataclass(frozen=True, slots=True)
class Scanning:
    """The scanners of the SMTP door; without a `panel` there are none."""

    store: Store
    workers: Workers
    own_domains: tuple[str, ...]
    panel: Panel | None = None
    lingering: Semaphore = field(default_factory=lambda: Semaphore(MOST_LINGERING))

    def of(self, spool: Spool) -> "Scan":
        """Return the scan of one mail, which has not begun."""
        return Scan(self, spool)

    def _found(self, mail: Examined, found: str) -> None:
        """Put on record who was to get what. Blocks; raises StoreUnavailable."""
        session = mail.session
        actor, origin = str(author_of(mail, self.own_domains)), Origin(ip=session.peer_ip)
        log.warning("mail.infected", found=found, client_ip=session.peer_ip)
        with self.store.writing() as tx:
            for to in session.recipients:
                facts = {"actor": actor, "subject": str(to), "policy": mail.policy}
                record(tx, Act.MALWARE_FOUND, origin=origin, detail=found, **facts)

    async def judged(self, mail: Examined, report: Report) -> Examined:
        """Return the mail as it may go on its way. Raise RefusedError, VaultError."""
        if report.ruling is Ruling.INFECTED:
            await self.workers.call(self._found, mail, report.found)
            raise RefusedError(infected(report.found))
        if report.missed:
            said = {name: why.name.lower() for name, why in report.missed.items()}
            log.warning("mail.not_scanned", ruling=report.ruling.name.lower(), scanners=said)
        if report.ruling is Ruling.REFUSE:
            raise RefusedError(TOO_LARGE_TO_SCAN)
        if report.ruling is Ruling.REFUSE_FOR_NOW:
            raise RefusedError(SCAN_LATER)
        return _unscanned(mail, report) if report.missed else mail


class Scan:
    """`begin` when the spool is finished, `cleared` before anything is kept, and `end` always.

    The spool is given up with `end`, or when the scanners have done with a mail that was `refused`.
    """

    def __init__(self, scanning: Scanning, spool: Spool) -> None:
        self._scanning = scanning
        self._spool = spool
        self._asking: Asking | None = None
        self._judged = self._goes_on = False

    def begin(self) -> None:
        """Show the mail to the scanners, once, and return at once."""
        if self._scanning.panel is not None and self._asking is None:
            self._asking = self._scanning.panel.begin(self._spool.read, self._spool.size)

    async def cleared(self, mail: Examined) -> Examined:
        """Wait for the scanners, and return the mail as it may go. Raise RefusedError."""
        if self._scanning.panel is None:
            return mail
        if self._asking is None:
            raise RefusedError(SCAN_LATER)  # nothing that was not begun counts as clean
        report = await asyncio.wrap_future(self._asking.report)
        self._judged = True
        return await self._scanning.judged(mail, report)

    def refused(self, session: MailSession, policy: str) -> None:
        """Let the scanners go on with a mail that is refused, for the record; return at once."""
        asking, scanning = self._asking, self._scanning
        if asking is None or self._judged or not scanning.lingering.acquire(blocking=False):
            return
        self._goes_on = True
        note = partial(note_malware, scanning.store, session, tuple(session.recipients))
        asking.hurry(LINGER)
        asking.report.add_done_callback(partial(self._heard, lambda found: note(found, policy)))

    def _heard(self, note: Callable[[str], None], done: Future[Report]) -> None:
        """Put on record what was found in a refused mail; on a scanner's thread."""
        report = done.result()
        if report.ruling is Ruling.INFECTED:
            log.warning("mail.infected", found=report.found, refused=True)
            note(report.found)
        self._give_up()
        self._scanning.lingering.release()

    def end(self) -> None:
        """Ask no more and give the spool up, unless the scanners go on: then they do that."""
        if not self._goes_on:
            self._give_up()

    def _give_up(self) -> None:
        if self._asking is not None:
            self._asking.end()
        self._spool.abort()  # what was deposited is the vault's, and stays


def _unscanned(mail: Examined, report: Report) -> Examined:
    """Return a mail that goes unscanned: recorded, and sealed if the settings say so."""
    why = "; ".join(f"{name} {reason.value}" for name, reason in report.missed.items())
    happened = tuple(Happened(Act.SCAN_MISSED, one.recipient, why) for one in mail.decisions)
    decisions = mail.decisions
    if report.ruling is Ruling.SEAL:
        decisions = tuple(map(_sealed, decisions))
        check_decisions(mail.session, decisions, mail.policy)
    return replace(mail, decisions=decisions, happened=(*mail.happened, *happened))


def _sealed(one: Decision) -> Decision:
    if one.outcome is not Outcome.RELAY:
        return one
    because = (*one.because, Reason(NOT_SCANNED, _WHY, 0))
    return replace(one, outcome=Outcome.SEAL, because=because, relay=ANY_WAY)
