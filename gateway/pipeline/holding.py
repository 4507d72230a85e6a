"""From an examined mail to one that is held: whose it is, why it waits, and for how long.

Promises that whatever is needed to send it later is kept with it, so that nothing is asked of the
SMTP door again. Must never quote the mail in a reason.
"""

from gateway.pipeline import summary
from gateway.pipeline.examination import Examined
from gateway.pipeline.sealing import author_of
from policies.decision import Outcome
from policies.remedy import approvers_for, sentences
from policies.terms import merge_hold
from vault.address import Address
from vault.contents.spool import Spool
from vault.hold.holding import Hold
from vault.hold.slip import Slip
from vault.origin import Origin


def hold_for(mail: Examined, spool: Spool, own_domains: tuple[str, ...], prefix: bytes) -> Hold:
    """Return the hold of a mail; the shortest time of any recipient's rules counts for all."""
    held = [one for one in mail.decisions if one.outcome is Outcome.HOLD]
    owner = author_of(mail, own_domains)
    return Hold(
        spool=spool,
        owner=owner,
        slip=_slip(mail, prefix),
        expires_at=mail.at + merge_hold([one.hold for one in held]).expires_after,
        approval=any(not _is_own(mail, owner, one) for one in approvers_for(mail.decisions)),
        summary=summary.summarise(mail.outline),
        because=mail.rules,
        policy=mail.policy,
        origin=Origin(ip=mail.session.peer_ip),
    )


def _slip(mail: Examined, prefix: bytes) -> Slip:
    session = mail.session
    if session.sender is None:
        raise ValueError("a mail without a sender cannot be held")
    return Slip(
        sender=session.sender,
        authenticated=session.user is not None,
        recipients=tuple(dict.fromkeys(session.recipients)),
        prefix=prefix,
        named=tuple(sorted(summary.named_recipients(mail.outline))),
        message_id=summary.message_id(mail.outline),
        answers=summary.answered_ids(mail.outline),
        reasons=sentences(mail.decisions),
        asked={str(to): fields for to, fields in mail.how.items()},
        asked_of_all=mail.asked.to_fields(),
    )


def _is_own(mail: Examined, owner: Address, approver: Address) -> bool:
    user = mail.session.user
    own = user.may_send_as(approver) if user is not None else False
    return own or approver.folded() == owner.folded()
