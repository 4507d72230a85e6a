"""The note to the sender of a mail that went although a rule had something to say.

Promises no note to a null sender, about automatic mail, or about a mail that was taken before; and
that a note which cannot be queued changes nothing: the mail is on its way.
"""

from gateway.pipeline.examination import Examined
from gateway.pipeline.sealing import author_of
from gateway.smtp.premises import log_failure
from policies.message.shape import Outline
from vault.errors import VaultError
from vault.keys import SealingKeys
from vault.sending import warnings
from vault.storage.store import Store

_BULK = (b"bulk", b"list", b"junk")


def is_warned(mail: Examined) -> bool:
    """Say whether any rule has something to say to the sender."""
    return any(one.notes for one in mail.decisions)


def warn_sender(
    store: Store,
    keys: SealingKeys,
    mail: Examined,
    own_domains: tuple[str, ...],
    reference: str,
    package_id: str | None = None,
) -> None:
    """Queue the note, if any rule warned. Blocks; never raises VaultError."""
    said = dict.fromkeys((note.rule, note.text) for one in mail.decisions for note in one.notes)
    if not said or mail.session.sender is None or _automatic(mail.outline):
        return
    author = author_of(mail, own_domains)
    try:
        warnings.warn(store, keys, author, reference, tuple(said), package_id)
    except VaultError as error:
        log_failure("mail.note_not_queued", error)


def _automatic(outline: Outline) -> bool:
    """Say whether a program wrote the mail (RFC 3834 section 5): nobody would read the note."""
    marks = (raw.partition(b";")[0].strip().lower() for raw in outline.all("Auto-Submitted"))
    bulk = (raw.strip().lower() for raw in outline.all("Precedence"))
    return any(mark not in {b"", b"no"} for mark in marks) or any(one in _BULK for one in bulk)
