"""What happens to a mail: examine, decide, then hold, seal, relay or refuse; then the answer.

For the SMTP door, whose handler this is. Promises that 250 is said only when the next hop has said
250 or our disk has the mail, that a failure of ours is 4xx and leaves nothing behind, and that
sealing which fails never becomes sending in the clear.
Must never open what is sealed, nor log a word of a mail.
"""

import asyncio
from contextlib import suppress

import structlog

from gateway.errors import RefusedError
from gateway.pipeline.changing import Changer
from gateway.pipeline.examination import Examined, Read, envelope_of, examine
from gateway.pipeline.holding import hold_for
from gateway.pipeline.ownership import check_envelope
from gateway.pipeline.recorder import Recorder
from gateway.pipeline.refusing import note_refusal
from gateway.pipeline.relaying import PATIENCE, Route
from gateway.pipeline.scanning import Scan, Scanning
from gateway.pipeline.sealing import deposit_for
from gateway.pipeline.securing import secured
from gateway.pipeline.verified import MustWait, Verified, not_yet, past_at_once
from gateway.pipeline.warning import is_warned, warn_sender
from gateway.relay.sender import Relay
from gateway.scanners.panel import Panel
from gateway.signin.backend import Proof
from gateway.signin.local import LocalUsers
from gateway.smtp.authentication import Authenticator
from gateway.smtp.handler import MailSession
from gateway.smtp.replies import Reply
from gateway.workers import Workers
from policies.decision import Outcome
from policies.engine import Policy
from policies.extraction.budgets import NeedsWorker
from policies.extraction.pool import ExtractionPool, read_here
from policies.settings import OrganisationSettings
from vault.address import Address
from vault.contents.spool import Spool
from vault.hold.holding import hold
from vault.keys import SealingKeys
from vault.packages import reference
from vault.packages.depositing import begin_deposit
from vault.packages.history import Past
from vault.people.users import User
from vault.storage.store import Store

log = structlog.get_logger()

AT_ONCE = 32 * 1024
"""Bytes of a mail that is examined where it came in. To hand it to a thread and back costs as much
as the examination, and what that takes, some milliseconds, nobody notices."""

OVERHEAD = 1024
"""Bytes that a spool's ciphertext may have more than the mail."""


class Pipeline:
    """The handler behind the SMTP door.

    `policy` may be replaced at any time: a mail is decided by the policy that was there when it
    was complete, or, at RCPT, when the recipient was named.
    """

    def __init__(
        self,
        store: Store,
        keys: SealingKeys,
        policy: Policy,
        *,
        organisation: OrganisationSettings,
        relay: Relay,
        hostname: str,
        workers: Workers,
        patience: float = PATIENCE,
        extraction: ExtractionPool | None = None,
        recorder: Recorder | None = None,
        panel: Panel | None = None,
        authenticator: Authenticator | None = None,
    ) -> None:
        self.policy = policy
        self._store = store
        self._keys = keys
        self._domains = tuple(organisation.domains)
        self._workers = workers
        self._changer = Changer(organisation.name, hostname)
        self._relay, self._patience = relay, patience
        self._extraction = extraction
        self._recorder = recorder
        # What goes into the database as it is touches no disk before its commit does.
        self._in_memory = min(AT_ONCE, store.settings.content_inline_limit - OVERHEAD)
        self._scanning = Scanning(store, workers, self._domains, panel)
        self._authenticator = authenticator or Authenticator(
            [LocalUsers(store, workers)], store, keys.marks
        )
        self._route = Route(
            store=store,
            keys=keys,
            relay=relay,
            workers=workers,
            hostname=hostname,
            own_domains=self._domains,
            patience=patience,
        )

    async def authenticate(self, given: Proof, peer: str) -> User | None:
        """Return who signs in, or None."""
        return await self._authenticator.verify(given, peer)

    async def mail_from(self, session: MailSession, address: Address | None) -> Reply | None:
        """Refuse a sender that is not theirs."""
        return check_envelope(session, address, self._domains)

    async def rcpt_to(self, session: MailSession, address: Address) -> Reply | None:
        """Refuse a recipient that no content could make acceptable, by name."""
        envelope = envelope_of(session, [*session.recipients, address], self._domains)
        decide = self.policy.decide_recipient
        try:
            decision = decide(envelope, address, past_at_once(self._store))
        except MustWait:
            past = Past(self._store)
            decision = await self._workers.call(decide, envelope, address, past)
        if decision is None:
            return None
        if self._recorder is not None:
            now, policy = self._store.clock(), self.policy.digest
            self._recorder.recipient(policy, now, envelope, decision)
        rules = [reason.rule for reason in decision.because]
        log.info("mail.recipient_refused", client_ip=session.peer_ip, rules=rules)
        note_refusal(self._store, session, [address], rules, self.policy.digest)
        return Reply(550, "5.7.1", f"Not sent to {address}: {decision.told}")

    def open_spool(self, session: MailSession) -> Spool:
        """Return an empty spool."""
        return Spool(self._store)

    async def commit(self, session: MailSession, spool: Spool) -> Reply:
        """Do what is to be done with a complete mail. Raise VaultError: then nothing was done."""
        scan = self._scanning.of(spool)
        try:
            mail = await self._examined(session, spool, scan)
            if mail.is_held:
                return await self._hold(await scan.cleared(mail), spool)
            if mail.is_changed:
                mail = await self._workers.call(self._changer.changed, mail, spool)
            mail = await secured(mail, self._relay, self._patience / 2)
            mail = await scan.cleared(mail)
            if mail.kept:
                return await self._seal(mail, spool)
            return await self._route.pass_on(mail, spool)
        except RefusedError as refused:
            log.info(
                "mail.refused",
                client_ip=session.peer_ip,
                size=spool.size,
                recipients=len(session.recipients),
                status=refused.reply.status,
                rules=refused.rules,
            )
            whom, rules = refused.recipients, refused.rules
            note_refusal(self._store, session, whom, rules, refused.policy)
            scan.refused(session, refused.policy)
            return refused.reply
        finally:
            scan.end()  # and of the spool

    async def _examined(self, session: MailSession, spool: Spool, scan: Scan) -> Examined:
        """Examine a small mail of text at once, any other on a thread. Raises RefusedError."""
        if spool.size <= AT_ONCE:
            spool.finish()
            scan.begin()
            with suppress(NeedsWorker, MustWait):
                past = past_at_once(self._store, not_yet)
                return self._examine(session, spool, read_here, past)
        verified = Verified(self._relay, self._patience / 2)
        return await self._workers.call(self._examine_long, session, spool, verified, scan)

    def _examine_long(
        self, session: MailSession, spool: Spool, verified: Verified, scan: Scan
    ) -> Examined:
        spool.finish()
        scan.begin()
        read = None if self._extraction is None else self._extraction.read
        return self._examine(session, spool, read, Past(self._store, verified))

    def _examine(
        self,
        session: MailSession,
        spool: Spool,
        read: Read | None,
        past: Past,
    ) -> Examined:
        now, policy, recorder = self._store.clock(), self.policy, self._recorder
        return examine(session, spool, policy, self._domains, now, read, past, recorder)

    async def _hold(self, mail: Examined, spool: Spool) -> Reply:
        """Keep the mail until its sender has mended it; nobody gets it yet."""
        receipt = await self._workers.call(self._keep_held, mail, spool)
        return Reply(250, "2.0.0", f"Held {receipt}")

    def _keep_held(self, mail: Examined, spool: Spool) -> str:
        trace = reference.draw()
        wanted = hold_for(mail, spool, self._domains, self._route.prefix(mail, trace, named=False))
        receipt = hold(self._store, self._keys, wanted)
        log.info(
            "mail.held",
            reference=receipt.reference,
            hold_id=receipt.hold_id,
            size=spool.size,
            recipients=len(mail.decisions),
            trace=trace,
            rules=mail.rules,
            shadow=mail.shadow,
            duplicate=receipt.duplicate,
        )
        return receipt.reference

    async def _seal(self, mail: Examined, spool: Spool) -> Reply:
        """Keep the mail; the deliverer relays the clear copies, if there are any."""
        clear, trace = mail.recipients(Outcome.RELAY), reference.draw()
        prefix = self._route.prefix(mail, trace) if clear else b""
        kept = deposit_for(mail, spool, self._domains, clear, prefix)
        if spool.size <= self._in_memory:
            beginning = begin_deposit(self._store, self._keys, kept)
        else:
            beginning = await self._workers.call(begin_deposit, self._store, self._keys, kept)
        receipt = await asyncio.wrap_future(beginning)
        log.info(
            "mail.sealed",
            reference=receipt.reference,
            package_id=receipt.package_id,
            size=spool.size,
            sealed=len(kept.grants),
            clear=len(clear),
            trace=trace if clear else "",
            rules=mail.rules,
            shadow=mail.shadow,
            duplicate=receipt.duplicate,
        )
        if not receipt.duplicate and is_warned(mail):
            found = (receipt.reference, receipt.package_id)
            told = (self._store, self._keys, mail, self._domains, *found)
            await self._workers.call(warn_sender, *told)
        return Reply(250, "2.0.0", f"Sealed {receipt.reference}")
