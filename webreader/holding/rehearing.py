"""Deciding again about a held mail, as its sender has left it, and making of it what is sent.

The same engine, the same rules and the same facts as at the SMTP door: only what was mended
differs, and what people did about it. Promises that nothing is released of which the policy in
force does not say relay or seal for every recipient, and that a doubt holds.
Must never send: what is to be relayed is left to the deliverer, sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from policies.changes.planned import Planned
from policies.decision import Decision, Outcome
from policies.envelope import Envelope
from policies.errors import FlagError
from policies.message.lifetime import lifetime
from policies.message.mime import Outline, outline
from policies.remedy import Remedy, approvers_for
from policies.restricting import restrictions
from vault.address import Address
from vault.contents.spool import Spool
from vault.errors import VaultError
from vault.hold.lists import Held
from vault.hold.slip import Slip
from vault.origin import Origin
from vault.packages.deposit import Deposit, GrantFor, Queued, Receipt
from vault.packages.restrictions import FREE, Restrictions
from vault.sending import warnings
from webreader.answering.scanning import scanned
from webreader.holding.amending import amended, edits_for, happened
from webreader.holding.mending import CannotMend, mended
from webreader.site import Site

CANNOT_MEND: Final = (
    "The header of this mail is in a form in which its subject cannot be changed for certain. "
    "Take it back, and send a new mail."
)
SCAN_SHARE: Final = 0.5  # of the time that a request may take
NO_COPIES: Final = Planned(())
_GOES: Final = frozenset({Outcome.RELAY, Outcome.SEAL})


@dataclass(frozen=True, slots=True, repr=False)
class Hearing:
    """What the policy says about a mail now. `problem` is set when it could not even be asked.

    `copies` says how clear copies differ from the mail. `approvers` are those who could bring it on
    its way as it is; nobody, if it may go already.
    """

    slip: Slip
    read: Callable[[], Iterable[bytes]]
    outline: Outline
    policy: str
    decisions: tuple[Decision, ...] = ()
    copies: Planned = NO_COPIES
    restrictions: Restrictions = FREE
    approvers: tuple[Address, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""

    @property
    def may_go(self) -> bool:
        """Whether it is relayed or sealed for everybody."""
        return bool(self.decisions) and all(one.outcome in _GOES for one in self.decisions)

    def recipients(self, outcome: Outcome) -> tuple[Address, ...]:
        """Return the recipients with this outcome, in the envelope's order."""
        return tuple(one.recipient for one in self.decisions if one.outcome is outcome)


def hear(site: Site, held: Held, slip: Slip, approver: Address | None = None) -> Hearing:
    """Ask the policy in force about a held mail with this slip. Blocks; raises Tampered.

    `approver` is whoever would approve of it.
    """
    policy = site.rules()
    try:
        read = held.read if slip.subject is None else mended(held.read, slip.subject)
    except CannotMend:
        seen = outline(held.read())
        return Hearing(slip, held.read, seen, policy.digest, problem=CANNOT_MEND)
    seen = outline(read())
    heard = Hearing(slip, read, seen, policy.digest)
    envelope = Envelope(
        sender=slip.sender,
        recipients=slip.recipients,
        own_domains=tuple(site.organisation.domains),
        authenticated=slip.authenticated,
    )
    remedy = Remedy(sealed=slip.sealed, approver=approver, confirmed=slip.confirmed)
    content = site.inside(policy, seen, read)
    facts = policy.facts(envelope, seen, content, site.knowledge)
    asked = policy.decide_on(facts, remedy)
    found = amended(site, held.hold.reference, asked, seen, read)
    decided = found.decisions
    try:
        return replace(
            heard,
            decisions=decided,
            copies=found,
            kinds=facts.kinds,
            restrictions=_restrictions(site, decided, seen),
            approvers=_others(approvers_for(decided), held.hold.owner),
        )
    except FlagError as error:
        return replace(heard, problem=str(error).removeprefix("Not sent to anyone: "))


def filled(spool: Spool, held: Held, heard: Hearing, site: Site, origin: Origin) -> Hearing:
    """Write a mail into a spool as it was heard, and have it scanned; return how it may go. Blocks.

    Raises Infected, NotScanned. What may not leave in the clear is sealed for everybody.
    """
    for piece in heard.read():
        spool.write(piece)
    spool.finish()
    author, to = held.hold.owner, tuple(one.recipient for one in heard.decisions)
    seconds = site.settings.request_seconds * SCAN_SHARE
    if scanned(site.scan, site.store, spool, author, to, origin, seconds):
        return heard
    decided = tuple(replace(one, outcome=Outcome.SEAL) for one in heard.decisions)
    return replace(
        heard, decisions=decided, restrictions=_restrictions(site, decided, heard.outline)
    )


def deposit_for(held: Held, heard: Hearing, spool: Spool, site: Site, origin: Origin) -> Deposit:
    """Return the deposit of a mail that may go; `spool` holds it as it was heard."""
    own, slip = site.organisation.domains, heard.slip
    clear = [one for one in heard.decisions if one.outcome is Outcome.RELAY]
    summary = held.summary if slip.subject is None else replace(held.summary, subject=slip.subject)
    return Deposit(
        spool=spool,
        author=held.hold.owner,
        grants=tuple(
            GrantFor(
                address=one.recipient.homely(own),
                visible=one.recipient.folded() in slip.named,
                notify=one.outcome is Outcome.SEAL,  # others have the reference in their copy
                how=slip.asked_for(one.recipient),
            )
            for one in heard.decisions
            if one.is_kept
        ),
        queued=Queued(
            recipients=tuple(one.recipient for one in clear),
            prefix=slip.prefix,
            return_path=slip.sender,
            how={
                one.recipient: {
                    **one.relay.fields(),
                    **edits_for(heard.copies, one),
                    **slip.asked_for(one.recipient),
                }
                for one in clear
            },
        )
        if clear
        else None,
        restrictions=heard.restrictions,
        summary=summary,
        message_id=slip.message_id,
        answers=slip.answers,
        because=_rules(heard.decisions),
        found=heard.kinds,
        happened=happened(heard.copies),
        policy=heard.policy,
        origin=origin,
        wrote_as=slip.sender,
    )


def warn(site: Site, owner: Address, heard: Hearing, receipt: Receipt) -> None:
    """Queue the note about rules that warned of a mail that has gone. Blocks; never raises."""
    said = dict.fromkeys((note.rule, note.text) for one in heard.decisions for note in one.notes)
    if said:
        whom = (site.store, site.sealing, owner, receipt.reference)
        with suppress(VaultError):  # the mail is on its way, note or no note
            warnings.warn(*whom, tuple(said), receipt.package_id)


def _restrictions(site: Site, decided: Iterable[Decision], seen: Outline) -> Restrictions:
    now = site.store.clock()
    expires_at, not_before = lifetime(seen, now)
    sealed = [one.seal for one in decided if one.is_kept]
    return restrictions(sealed, now, expires_at, not_before)


def _others(approvers: Iterable[Address], owner: Address) -> tuple[Address, ...]:
    return tuple(one for one in approvers if one.folded() != owner.folded())


def _rules(decisions: Iterable[Decision]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.rule for one in decisions for rule in one.because))
