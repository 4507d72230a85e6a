"""The audit trail of mail that the policy refuses.

Promises a line for each recipient who was refused, with the rules that said so and the policy they
stand in. It is written with a later commit, within a twentieth of a second: a refusal stands
without its line, and must never wait for the disk. Must never hold a word of the mail.
"""

from collections.abc import Iterable
from concurrent.futures import Future

from gateway.smtp.handler import MailSession
from gateway.smtp.premises import log_failure
from vault.address import Address
from vault.audit import Act, record
from vault.errors import VaultError
from vault.origin import Origin
from vault.store import Store, Transaction


def note_refusal(
    store: Store,
    session: MailSession,
    recipients: Iterable[Address],
    rules: Iterable[str],
    policy: str,
) -> None:
    """Put on record, soon, that `policy` refused these recipients. Never raises."""
    actor, origin = str(_author(session) or ""), Origin(ip=session.peer_ip)
    refused, because = tuple(recipients), {"detail": ", ".join(rules), "policy": policy}

    def work(tx: Transaction) -> None:
        for one in map(str, refused):
            record(tx, Act.MAIL_REFUSED, actor=actor, subject=one, origin=origin, **because)

    try:
        store.hand_over_late(work).add_done_callback(_tell_failure)
    except VaultError as error:
        log_failure("mail.refusal_not_recorded", error)


def _author(session: MailSession) -> Address | None:
    return session.sender if session.user is None else session.user.address


def _tell_failure(done: Future[None]) -> None:
    if (error := done.exception()) is not None:
        log_failure("mail.refusal_not_recorded", error)
