"""The audit trail of mail that the policy refuses, and of malware that is found in it afterwards.

Promises a line for each recipient who was refused, with the rules that said so and the policy they
stand in, and one more where a scanner finds something in the mail once it is refused. It is written
with a later commit, within a twentieth of a second: a refusal stands without its line, and must
never wait for the disk. Must never hold a word of the mail.
"""

from collections.abc import Iterable
from concurrent.futures import Future

from gateway.smtp.handler import MailSession
from gateway.smtp.premises import log_failure
from vault.address import Address
from vault.errors import VaultError
from vault.origin import Origin
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, record


def note_refusal(
    store: Store,
    session: MailSession,
    recipients: Iterable[Address],
    rules: Iterable[str],
    policy: str,
) -> None:
    """Put on record, soon, that `policy` refused these recipients. Never raises."""
    _note(store, Act.MAIL_REFUSED, session, recipients, ", ".join(rules), policy)


def note_malware(
    store: Store, session: MailSession, recipients: Iterable[Address], found: str, policy: str
) -> None:
    """Put on record, soon, what was found in a mail that is refused already. Never raises."""
    _note(store, Act.MALWARE_FOUND, session, recipients, found, policy)


def author(session: MailSession) -> Address | None:
    """Return whose mail it is, as far as that is known: who signed in, or the envelope's sender."""
    return session.sender if session.user is None else session.user.address


def _note(
    store: Store,
    act: Act,
    session: MailSession,
    recipients: Iterable[Address],
    detail: str,
    policy: str,
) -> None:
    actor, origin = str(author(session) or ""), Origin(ip=session.peer_ip)
    refused, because = tuple(recipients), {"detail": detail, "policy": policy}

    def work(tx: Transaction) -> None:
        for one in map(str, refused):
            record(tx, act, actor=actor, subject=one, origin=origin, **because)

    try:
        store.hand_over_late(work).add_done_callback(_tell_failure)
    except VaultError as error:
        log_failure("mail.refusal_not_recorded", error)


def _tell_failure(done: Future[None]) -> None:
    if (error := done.exception()) is not None:
        log_failure("mail.refusal_not_recorded", error)
