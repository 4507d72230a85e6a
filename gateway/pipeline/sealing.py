"""From an examined mail to a deposit: who may open it, until when, and what waits to be relayed.

Promises that the author is who signed in (or the envelope sender that our own server vouches for),
never who the header names, and that the strictest terms among the recipients hold for all.
"""

from gateway.errors import RefusedError
from gateway.pipeline import summary
from gateway.pipeline.examination import Examined
from gateway.relay.parameters import PLAIN_RECIPIENT, Notify
from gateway.smtp.replies import Reply
from policies.decision import Outcome
from policies.errors import FlagError
from policies.restricting import restrictions
from vault.address import Address
from vault.contents.spool import Spool
from vault.origin import Origin
from vault.packages.deposit import Deposit, GrantFor, Queued, Restrictions

POSTMASTER = "postmaster"


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
    shown = summary.named_recipients(mail.outline)
    asked, each = mail.how, mail.session.asked_for
    queued = Queued(
        recipients=clear,
        prefix=prefix,
        return_path=mail.session.sender,
        how={to: copy.fields() | asked[to] for copy in mail.copies for to in copy.recipients},
    )
    return Deposit(
        spool=spool,
        author=author_of(mail, own_domains),
        grants=tuple(
            GrantFor(
                address=one.recipient.homely(own_domains),
                visible=one.recipient.folded() in shown,
                notify=one.outcome is Outcome.SEAL,  # others have the reference in their copy
                how=asked.get(one.recipient, {}),
                reports=each.get(one.recipient, PLAIN_RECIPIENT).wants(Notify.FAILURE),
            )
            for one in mail.kept
        ),
        queued=queued if clear else None,
        restrictions=_restrictions(mail),
        summary=summary.summarise(mail.outline),
        message_id=summary.message_id(mail.outline),
        answers=summary.answered_ids(mail.outline),
        because=mail.rules,
        found=mail.kinds,
        reference=mail.reference,
        happened=mail.happened,
        policy=mail.policy,
        origin=Origin(ip=mail.session.peer_ip),
        wrote_as=mail.session.sender,
    )


def _restrictions(mail: Examined) -> Restrictions:
    """Return what holds for all recipients. Raises RefusedError."""
    said = [one.seal for one in mail.kept]
    try:
        return restrictions(said, mail.at, mail.expires_at, mail.not_before)
    except FlagError as error:
        raise RefusedError(Reply(550, "5.7.1", str(error))) from error
