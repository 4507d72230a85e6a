"""Terms: what goes with an outcome, and which one holds where rules disagree.

A sealed mail has terms for its readers, a relayed one for its way, and clear copies may be changed
in ways that break no signature. Promises that merging never weakens: of what several rules say the
strictest holds, and what none says is left to the policy's settings.
Must never hold a piece of a mail.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum
from functools import reduce
from typing import Any, TypeVar

from policies.language.durations import say_duration
from vault.address import Address
from vault.packages.hours import OpenHours
from vault.packages.strength import Strength

T = TypeVar("T")

HELD_FOR = timedelta(days=3)

DELETE_AFTER_USE = (
    "Please delete this message, and every copy of it, as soon as you no longer need it for the "
    "purpose for which it was sent."
)


class Protection(StrEnum):
    """How carefully readers are asked to treat a sealed mail; weakest first."""

    NORMAL = "normal"
    HIGH = "high"


class Tls(StrEnum):
    """What the connection that carries a clear copy must have; weakest first."""

    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"
    VERIFIED = "verified"


class Otherwise(StrEnum):
    """What happens to a mail when the TLS it needs cannot be had; weakest first."""

    SEAL = "seal"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealTerms:
    """How a sealed mail may be used; None where nothing was said.

    `expires_after` runs from when it may first be opened, `not_before` from when it was sealed.
    The content is kept for `kept_after_expiry` longer, and for `retention` where nothing expires.
    """

    expires_after: timedelta | None = None
    not_before: timedelta | None = None
    replies: bool | None = None
    view_only: bool | None = None
    sign_in: Strength | None = None
    protection: Protection | None = None
    open_hours: OpenHours | None = None
    kept_after_expiry: timedelta | None = None
    retention: timedelta | None = None
    reminders: int | None = None

    def words(self) -> Iterator[str]:
        """Name what is set, in plain English, for traces."""
        if self.not_before is not None:
            yield f"not before {say_duration(self.not_before)}"
        if self.expires_after is not None:
            yield f"expires after {say_duration(self.expires_after)}"
        if self.replies is not None:
            yield "replies allowed" if self.replies else "no replies"
        if self.view_only:
            yield "view only"
        if self.sign_in is not None:
            yield f"sign-in: {self.sign_in}"
        if self.protection is not None:
            yield f"{self.protection} protection"
        yield from self._words_of_keeping()

    def _words_of_keeping(self) -> Iterator[str]:
        if self.open_hours is not None:
            yield f"open {self.open_hours}"
        if self.kept_after_expiry is not None:
            yield f"kept {say_duration(self.kept_after_expiry)} after expiry"
        if self.retention is not None:
            yield f"kept {say_duration(self.retention)} if it does not expire"
        if self.reminders is not None:
            yield f"reminders: {self.reminders}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayTerms:
    """Which way a clear copy takes, and what happens when it cannot be taken safely.

    `route` names a section `[routes.NAME]` of the settings; None is the usual next hop.
    """

    tls: Tls | None = None
    route: str | None = None
    otherwise: Otherwise | None = None

    @property
    def demanding(self) -> bool:
        """Whether the mail may not go at all without TLS."""
        return self.tls in {Tls.REQUIRED, Tls.VERIFIED}

    def fields(self) -> dict[str, str]:
        """Return what the deliverer of a copy that waits is to know of its way."""
        return {"route": self.route or "", "tls": self.tls.value if self.tls else "none"}

    def words(self) -> Iterator[str]:
        """Name what is set, in plain English, for traces."""
        if self.route is not None:
            yield f"route {self.route}"
        if self.tls is not None:
            yield f"TLS {self.tls}"
        if self.demanding:
            yield f"else {self.otherwise or Otherwise.SEAL}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is changed in a clear copy, where no signature breaks.

    `statements` are appended to the text, `remove_headers` are names that may end in `*`.
    """

    statements: tuple[str, ...] = ()
    neutral_subject: bool = False
    remove_headers: tuple[str, ...] = ()

    def words(self) -> Iterator[str]:
        """Name what is to be changed, in plain English, for traces."""
        if self.neutral_subject:
            yield "neutral subject"
        if self.statements:
            yield "statement added"
        if self.remove_headers:
            yield f"without {', '.join(self.remove_headers)}"


@dataclass(frozen=True, slots=True)
class Note:
    """What the sender is told by mail about a message that was not stopped."""

    rule: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTerms:
    """For whom a mail is held, and what brings it on its way besides mending it.

    Each of `approvers` may approve it; `seal_instead`: its sender may have it sealed for recipients
    outside; `confirm`: a rule holds it because an address looks like another, and its sender may
    say that the address is right. It is deleted `expires_after` having been held.
    """

    approvers: tuple[Address, ...] = ()
    seal_instead: bool = True
    confirm: bool = False
    expires_after: timedelta = HELD_FOR

    def words(self) -> Iterator[str]:
        """Name what is set, in plain English, for traces."""
        yield "for an approver" if self.approvers else "for its sender"
        if self.seal_instead:
            yield "may be sealed instead"
        if self.confirm:
            yield "the address may be confirmed"
        yield f"deleted after {say_duration(self.expires_after)}"


NOTHING_SAID = SealTerms()
ANY_WAY = RelayTerms()
FOR_THE_SENDER = HoldTerms()
UNCHANGED = Changes()


def merge_seal(said: Sequence[SealTerms], usual: SealTerms) -> SealTerms:
    """Return the strictest of what rules said, and for the rest what is usual."""
    strictest: dict[str, Callable[[Iterable[Any]], Any]] = {
        "expires_after": min,
        "not_before": max,
        "replies": all,
        "view_only": any,
        "sign_in": _highest,
        "protection": _highest,
        "open_hours": _within_all,
        "kept_after_expiry": min,
        "retention": min,
        "reminders": min,
    }
    merged = {}
    for field in fields(SealTerms):
        values = _said(getattr(terms, field.name) for terms in said)
        usually = getattr(usual, field.name)
        merged[field.name] = strictest[field.name](values) if values else usually
    return SealTerms(**merged)


def merge_relay(said: Sequence[RelayTerms]) -> RelayTerms:
    """Return the strictest of what rules said. Of several routes the first holds."""
    routes = _said(terms.route for terms in said)
    return RelayTerms(
        tls=_highest(_said(terms.tls for terms in said)),
        route=routes[0] if routes else None,
        otherwise=_highest(_said(terms.otherwise for terms in said)),
    )


def merge_changes(said: Sequence[Changes]) -> Changes:
    """Return every change that any rule asked for, each once."""
    return Changes(
        statements=_each(text for one in said for text in one.statements),
        neutral_subject=any(one.neutral_subject for one in said),
        remove_headers=_each(name for one in said for name in one.remove_headers),
    )


def merge_hold(said: Sequence[HoldTerms]) -> HoldTerms:
    """Return what suits every rule: who approves is named by each of them.

    An address is asked about if any of them asks: that is a question, and lifts that rule alone.
    """
    first, *others = said or [FOR_THE_SENDER]
    return HoldTerms(
        approvers=named_by_all([terms.approvers for terms in (first, *others)]),
        seal_instead=all(terms.seal_instead for terms in (first, *others)),
        confirm=any(terms.confirm for terms in (first, *others)),
        expires_after=min(terms.expires_after for terms in (first, *others)),
    )


def named_by_all(groups: Sequence[tuple[Address, ...]]) -> tuple[Address, ...]:
    """Return the addresses that stand in every group, in the order of the first."""
    known = [{address.folded() for address in group} for group in groups]
    first = groups[0] if groups else ()
    return tuple(one for one in first if all(one.folded() in group for group in known))


def _said(values: Iterable[T | None]) -> list[T]:
    return [value for value in values if value is not None]


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _within_all(hours: Iterable[OpenHours]) -> OpenHours:
    return reduce(OpenHours.joined, hours)


def _rank(word: StrEnum) -> int:
    words: list[StrEnum] = list(word.__class__)
    return words.index(word)


def _highest(words: Iterable[StrEnum]) -> Any:
    """Return the word that its enumeration names last, None if there is none."""
    return max(words, key=_rank, default=None)
