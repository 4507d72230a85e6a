"""A held mail in the words of its page: why it waits, to whom it goes, what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from policies.decision import Decision, Outcome
from policies.likeness import resembles
from policies.remedy import sentences
from vault.address import Address
from vault.hold.lists import Held, HoldFacts, Role
from vault.trail.audit import Event
from webreader.content import frame
from webreader.content.message import MessageView
from webreader.holding import mending
from webreader.holding.mendform import Row, Typed, shown
from webreader.holding.rehearing import Hearing
from webreader.managing.timeline import Moment, by_day, tell
from webreader.pages import zone
from webreader.reading.read import File, file_of, remarks_on, spelt
from webreader.site import Site

TAGS: Final = {
    Outcome.REFUSE: ("Refused", "bad"),
    Outcome.HOLD: ("Held", "warn"),
    Outcome.SEAL: ("Can go, sealed", "good"),
    Outcome.RELAY: ("Can go", "good"),
}
SIGNED: Final = (
    "Your mail system has signed this message, subject included (DKIM). If you change the subject, "
    "that signature no longer fits; the message is sent all the same."
)
SEALED_BODY: Final = (
    "The message itself is signed or encrypted by your mail program. That stays valid: changing "
    "the subject does not touch it."
)
_SIGNED_KINDS: Final = ("multipart/signed", "application/pkcs7-mime", "application/x-pkcs7-mime")
_GOES: Final = frozenset({Outcome.RELAY, Outcome.SEAL})
_ENCRYPTED_KIND: Final = "multipart/encrypted"


@dataclass(frozen=True, slots=True, repr=False)
class Seat:
    """One recipient of the form: what is typed, and how it stands with the policy.

    `doubted`: the address looks like another, and its sender may say that it is right. `like` are
    the addresses that it looks like, of those that the sender often writes to.
    """

    number: int
    row: Row
    state: str = ""
    tone: str = "quiet"
    doubted: bool = False
    like: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class HeldView:
    """What the page of a held mail shows."""

    hold: HoldFacts
    subject: str
    typed: Typed
    seats: tuple[Seat, ...]
    reasons: tuple[str, ...]
    may_go: bool
    may_ask: bool
    may_seal: bool
    approvers: tuple[str, ...]
    clear: tuple[str, ...]
    sealed: tuple[str, ...]
    copies: tuple[str, ...]
    remarks: tuple[str, ...]
    author_name: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    frame: str
    is_plain: bool
    files: tuple[File, ...]
    notes: tuple[str, ...]
    days: list[tuple[datetime, list[Moment]]] = field(default_factory=list)

    @property
    def is_owner(self) -> bool:
        """Whether it is shown to its sender."""
        return self.hold.role is Role.OWNER


def held_view(
    site: Site,
    identity: Address,
    held: Held,
    heard: Hearing,
    seen: MessageView,
    events: list[Event],
    said: Typed | None = None,
    approved: Hearing | None = None,
) -> HeldView:
    """Put a held mail into the words of its page, for `identity`.

    `said` is a form that was not taken; `approved` is what an approver's word would change.
    """
    original = seen.subject or held.summary.subject
    subject = original if held.slip.subject is None else held.slip.subject
    form = said or shown(held.slip, subject)
    is_owner, outcome = held.hold.role is Role.OWNER, approved or heard
    often = site.knowledge.frequent_recipients(held.slip.sender) if is_owner else ()
    return HeldView(
        hold=held.hold,
        subject=subject,
        typed=form,
        seats=_seats(form, outcome.decisions, often),
        reasons=(heard.problem,) if heard.problem else sentences(heard.decisions),
        may_go=outcome.may_go,
        may_seal=held.slip.sealed or _may_seal(site, heard),
        may_ask=is_owner and bool(heard.approvers),
        approvers=tuple(map(str, heard.approvers)),
        clear=tuple(map(str, outcome.recipients(Outcome.RELAY))),
        sealed=tuple(map(str, outcome.recipients(Outcome.SEAL))),
        copies=mending.copies(heard.outline),
        remarks=_remarks(heard) if is_owner else (),
        author_name=held.summary.author_name,
        to=tuple(map(spelt, seen.to)),
        cc=tuple(map(spelt, seen.cc)),
        frame=frame.classes(seen.body.html) if seen.body.html else "",
        is_plain=seen.body.kind == "text",
        files=tuple(file_of(attachment) for attachment in seen.attachments),
        notes=tuple(remarks_on(seen)),
        days=by_day(tell(events, identity), zone(site)),
    )


def first_subject(held: Held, seen: MessageView) -> str:
    """Return the subject that the form showed: what it is now, as people read it."""
    if held.slip.subject is not None:
        return held.slip.subject
    return seen.subject or held.summary.subject


def _may_seal(site: Site, heard: Hearing) -> bool:
    """Say whether sealing would change anything for anybody outside."""
    own = site.organisation.domains
    outside = [one for one in heard.decisions if not one.recipient.within(own)]
    held = Outcome.HOLD
    return any(
        one.outcome in _GOES or (one.outcome is held and one.hold.seal_instead) for one in outside
    )


def _seats(
    form: Typed, decisions: tuple[Decision, ...], often: tuple[Address, ...]
) -> tuple[Seat, ...]:
    known = {str(one.recipient): TAGS[one.outcome] for one in decisions}
    doubted = {str(one.recipient): one.recipient for one in decisions if one.hold.confirm}
    return tuple(
        Seat(
            number,
            row,
            *known.get(row.address, ("", "quiet")),
            doubted=row.right or row.address in doubted,
            like=_like(doubted.get(row.address), often),
        )
        for number, row in enumerate(form.rows, 1)
    )


def _like(address: Address | None, often: tuple[Address, ...]) -> tuple[str, ...]:
    return tuple(str(one) for one in often if address is not None and resembles(address, one))


def _remarks(heard: Hearing) -> tuple[str, ...]:
    remarks = [SIGNED] if mending.is_signed_over(heard.outline) else []
    kind = heard.outline.parts[0].content_type if heard.outline.parts else ""
    if kind in (*_SIGNED_KINDS, _ENCRYPTED_KIND):
        remarks.append(SEALED_BODY)
    return tuple(remarks)
