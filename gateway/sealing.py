"""From an examined mail to a deposit: who may open it, until when, and what waits to be relayed.

Promises that the author is who signed in (or the envelope sender that our own server vouches for),
never who the header names, and that the strictest terms among the recipients hold for all.
"""

from datetime import datetime

from gateway import summary
from gateway.copies import copies_for
from gateway.errors import RefusedError
from gateway.examination import Examined
from gateway.smtp.replies import Reply
from policies.decision import Decision, Outcome
from policies.terms import NOTHING_SAID, Protection, SealTerms, merge_seal
from vault.address import Address
from vault.deposit import Deposit, GrantFor, Queued, Restrictions
from vault.origin import Origin
from vault.spool import Spool
from vault.strength import Strength

POSTMASTER = "postmaster"
NOBODY_COULD_OPEN = Reply(
    550,
    "5.7.1",
    "Not sent to anyone: the end you set in X-Sealgate-Expires comes before the policy lets "
    "recipients open the message. Give a later date and send again.",
)


def author_of(mail: Examined, own_domains: tuple[str, ...]) -> Address:
    """Return whose mail it is. Mail without any sender is the postmaster's."""
    session = mail.session
    if session.user is not None:
        return session.user.address
    if session.sender is not None:
        return session.sender.homely(own_domains)
    return Address(POSTMASTER, own_domains[0].lstrip("."))


def deposit_for(
    mail: Examined,
    spool: Spool,
    own_domains: tuple[str, ...],
    clear: tuple[Address, ...] = (),
    prefix: bytes = b"",
) -> Deposit:
    """Return the deposit: grants for sealed recipients, and `clear` copies to relay later."""
    sealed = [one for one in mail.decisions if one.outcome is Outcome.SEAL]
    shown = summary.named_recipients(mail.outline)
    queued = Queued(
        recipients=clear,
        prefix=prefix,
        return_path=mail.session.sender,
        how={to: copy.fields() for copy in copies_for(mail.decisions) for to in copy.recipients},
    )
    return Deposit(
        spool=spool,
        author=author_of(mail, own_domains),
        grants=tuple(
            GrantFor(
                address=one.recipient.homely(own_domains),
                visible=one.recipient.folded() in shown,
            )
            for one in sealed
        ),
        queued=queued if clear else None,
        restrictions=_restrictions(mail, sealed),
        summary=summary.summarise(mail.outline),
        message_id=summary.message_id(mail.outline),
        answers=summary.answered_ids(mail.outline),
        because=mail.rules,
        happened=mail.happened,
        policy=mail.policy,
        origin=Origin(ip=mail.session.peer_ip),
    )


def _restrictions(mail: Examined, sealed: list[Decision]) -> Restrictions:
    """Return the strictest terms among the recipients: the mail is sealed once for all of them."""
    terms = merge_seal([one.seal for one in sealed], NOTHING_SAID)
    opens = _opening(mail, terms)
    return Restrictions(
        expires_at=_expiry(mail, terms, opens or mail.at),
        not_before=opens,
        reply_allowed=terms.replies is not False,
        view_only=bool(terms.view_only),
        sign_in=terms.sign_in or Strength.CODE,
        protection=(terms.protection or Protection.NORMAL).value,
    )


def _opening(mail: Examined, terms: SealTerms) -> datetime | None:
    """Return the later of what the sender and the policy ask for."""
    starts = [] if mail.not_before is None else [mail.not_before]
    if terms.not_before is not None:
        starts.append(mail.at + terms.not_before)
    return max(starts, default=None)


def _expiry(mail: Examined, terms: SealTerms, opens: datetime) -> datetime | None:
    """Return the earlier end; the policy's term runs from when the mail may first be opened."""
    if mail.expires_at is not None and mail.expires_at <= opens:
        raise RefusedError(NOBODY_COULD_OPEN)
    ends = [] if terms.expires_after is None else [opens + terms.expires_after]
    return min([*ends, *([mail.expires_at] if mail.expires_at else [])], default=None)
