"""An answer as the vault keeps it: to whom it goes, whom it names, and which message it answers."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from vault.address import Address
from vault.contents.spool import Spool
from vault.errors import VaultError
from vault.origin import Origin
from vault.packages.deposit import Deposit, GrantFor, Queued, Receipt, Summary
from vault.packages.depositing import deposit
from vault.packages.facts import PackageFacts
from vault.packages.retrieve import recheck, retrieve
from vault.sending.warnings import warn
from vault.trail.audit import Act, record
from webreader.answering.composing import Head, answer_subject
from webreader.answering.ruling import ruled
from webreader.answering.scanning import scanned
from webreader.content.names import Person, people
from webreader.content.parts import Parts, Unreadable, take_apart
from webreader.site import Site


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """An answer to a package. `clear` when it also goes to the owner's own mailbox."""

    package: PackageFacts
    head: Head
    clear: bool


class NoReplies(Exception):
    """The message is not open for answers from this reader."""


def may_reply(package: PackageFacts, identity: Address) -> bool:
    """Say whether `identity` may answer: an owner answers others, others answer the owner."""
    if package.owner == identity:
        return package.author != identity
    return package.reply_allowed


def addressee(package: PackageFacts, identity: Address) -> Address:
    """Return the only address that `identity` may write to from a package."""
    return package.author if package.owner == identity else package.owner


def address(site: Site, identity: Address, package_id: str, spool: Spool, origin: Origin) -> Answer:
    """Open the message that is answered, on record, and address the answer.

    Blocks. Raises AccessDenied and NoReplies.
    """
    opened = retrieve(site.store, site.opening, identity, package_id, Act.PACKAGE_OPENED, origin)
    package, summary = opened.package, opened.summary
    if not may_reply(package, identity):
        raise NoReplies
    try:
        parts: Parts | None = take_apart(opened.read)
    except Unreadable:
        parts = None
    named = _named(parts)
    to, owner = addressee(package, identity), package.owner == identity
    known = summary.author_name if to == package.author else ""
    head = Head(
        author=identity,
        author_name=_name(named, identity),
        sender=None if owner else site.sender,
        organisation=site.organisation.name,
        to=to,
        to_name=known or _name(named, to),
        subject=answer_subject(summary.subject),
        message_id=f"<{spool.id}@{site.sender.domain}>",
        answers=_message_id(parts),
        sent_at=site.store.clock(),
    )
    return Answer(package, head, clear=not owner)


def keep(site: Site, answer: Answer, spool: Spool, files: Iterable[str], origin: Origin) -> Receipt:
    """Deposit a finished answer, if its author still may. Blocks.

    Raises AccessDenied, and NotAllowed, Infected or NotScanned, after which nothing was kept. What
    may not leave in the clear is for its reader to open here.
    """
    head, package = answer.head, answer.package
    recheck(site.store, head.author, package.id)
    ruling = ruled(site, package.id, head, spool, origin)
    free = scanned(site.scan, site.store, spool, head.author, (head.to,), origin)
    clear = answer.clear and free and ruling.clear
    utf8 = {"smtputf8": "yes"} if head.needs_utf8 else {}
    receipt = deposit(
        site.store,
        site.sealing,
        Deposit(
            spool=spool,
            author=head.author,
            owner=package.owner,
            grants=(GrantFor(address=head.to, notify=not clear),),
            queued=Queued(
                recipients=(head.to,),
                return_path=site.sender,
                how={head.to: {**ruling.how, **utf8}},
            )
            if clear
            else None,
            summary=Summary(
                subject=head.subject,
                author_name=head.author_name,
                to=(str(head.to),),
                attachments=tuple(files),
                sent_at=head.sent_at,
            ),
            message_id=head.message_id,
            answers=(head.answers,) if head.answers else (),
            conversation=package.conversation,
            restrictions=ruling.restrictions,
            because=("answer written in the reader", *ruling.rules),
            found=ruling.kinds,
            policy=ruling.policy,
            origin=origin,
        ),
    )
    with site.store.writing() as tx:
        record(
            tx,
            Act.REPLY_SENT,
            package_id=package.id,
            actor=str(head.author),
            subject=str(head.to),
            origin=origin,
            detail=receipt.reference,
        )
    if ruling.notes:
        said = [(note.rule, note.text) for note in ruling.notes]
        with suppress(VaultError):  # the answer is on its way, note or no note
            warn(site.store, site.sealing, head.author, receipt.reference, said, receipt.package_id)
    return receipt


def _named(parts: Parts | None) -> tuple[Person, ...]:
    if parts is None:
        return ()
    return people(value for name, value in parts.headers if name in ("from", "to", "cc"))


def _name(named: tuple[Person, ...], address: Address) -> str:
    """Return what the original calls an address, to the letter."""
    return next((person.name for person in named if person.address == str(address)), "")


def _message_id(parts: Parts | None) -> str:
    return parts.first("message-id").decode("ascii", "replace").strip() if parts else ""
