"""What a rule may say under `then`, and the terms that go with it.

A new outcome is a word in `OUTCOMES` and its place in `policies.decision`. `warn` is a word and no
outcome: the mail goes as other rules say.
"""

import re
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from policies.decision import Outcome
from policies.errors import quoted
from policies.language.annotations import HoursOfTheWeek, LengthOfTime, OneOf, OneOrMany, YesNo
from policies.language.schema.part import Part
from policies.language.vocabulary import wrong
from policies.settings import LIST_NAME
from policies.terms import Otherwise, Protection, Tls
from vault.packages.hours import OpenHours
from vault.packages.strength import Strength

OUTCOMES = (Outcome.REFUSE, Outcome.HOLD, Outcome.SEAL, Outcome.RELAY)
HELD_FOR = ("sender", "approver")
WARN = "warn"
NEUTRAL = "neutral"
MOST_REMINDERS = 5

INTERNAL, INTERNAL_RECEIVED = "internal", "internal_received"
# What mail needs to be read, answered, sorted and trusted.
ESSENTIAL = (
    "from", "sender", "reply-to", "to", "cc", "bcc", "date", "message-id", "subject",
    "in-reply-to", "references", "mime-version", "content-type", "content-transfer-encoding",
    "content-disposition", "content-id", "received", "return-path", "dkim-signature",
    "arc-seal", "arc-message-signature", "arc-authentication-results",
)  # fmt: skip
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*\*?")
_HEADER_EXAMPLE = "internal, internal_received, or a name such as X-Mailer or X-Intranet-*"


def _removable(name: str) -> str:
    if name in {INTERNAL, INTERNAL_RECEIVED}:
        return name
    if _HEADER.fullmatch(name) is None:
        raise wrong(f"{quoted(name)} is not the name of a header", allowed=_HEADER_EXAMPLE)
    if any(fnmatchcase(kept, name.lower()) for kept in ESSENTIAL):
        raise wrong(
            f"{quoted(name)} would remove a header that every mail needs", allowed=_HEADER_EXAMPLE
        )
    return name


def _statement(text: str) -> str:
    if not all(char.isprintable() or char == "\n" for char in text) or not text.strip():
        raise wrong("the text is empty or holds a control character", allowed="lines of text")
    return text.strip()


def outcome_of(word: str) -> Outcome:
    """Return the outcome of a word under `then`."""
    return Outcome.RELAY if word == WARN else Outcome(word)


class HoldTerms(Part):
    """For whom a mail is held, and for how long."""

    noun: ClassVar[str] = "hold setting"
    for_: Annotated[str, OneOf("person", lambda: HELD_FOR)] | None = Field(
        default=None,
        alias="for",
        description="`sender`: the sender mends it. `approver`: the sender mends it or asks for "
        "approval. Unless written, `sender`.",
    )
    approvers: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=320)]],
            OneOrMany(),
            Field(min_length=1),
        ]
        | None
    ) = Field(
        default=None,
        description="Who may approve: addresses, or names of lists of addresses. Each may approve "
        "alone, nobody a mail of their own. If several rules hold a mail, it takes somebody whom "
        "all of them name.",
    )
    seal_instead: Annotated[bool, YesNo()] | None = Field(
        default=None,
        description="Whether the sender may have it sealed for recipients outside instead. Unless "
        "written, `yes` for `sender` and `no` for `approver`; `no` wins.",
    )
    confirm: Annotated[bool, YesNo()] | None = Field(
        default=None,
        description="For rules with `recipient: {near_miss: yes}`: whether the sender may say that "
        "the address is right, after which the rule holds it no more. Unless written, `yes` for "
        "`sender` and `no` for `approver`.",
    )
    expires_after: Annotated[timedelta, LengthOfTime()] | None = Field(
        default=None,
        description="When nobody has settled it, it is deleted after this time, and the sender is "
        "told. Unless written, 3 days; the shortest wins.",
    )


class SealTerms(Part):
    """How a sealed mail may be used."""

    noun: ClassVar[str] = "seal setting"
    expires_after: Annotated[timedelta, LengthOfTime()] | None = Field(
        default=None, description="How long recipients may open it; the shortest wins."
    )
    not_before: Annotated[timedelta, LengthOfTime()] | None = Field(
        default=None, description="How long after sending they may first open it; the longest wins."
    )
    replies: Annotated[bool, YesNo()] | None = Field(
        default=None, description="Whether recipients may answer in the reader; `no` wins."
    )
    view_only: Annotated[bool, YesNo()] | None = Field(
        default=None,
        description="`yes`: no downloads, no print view, no original; this deters copying and "
        "cannot prevent it; `yes` wins.",
    )
    sign_in: Annotated[str, OneOf("sign-in", lambda: [str(s) for s in Strength])] | None = Field(
        default=None,
        description="The weakest sign-in that opens it. `code`: a code by mail, the only one "
        "there is so far; the strongest wins.",
    )
    protection: (
        Annotated[str, OneOf("protection level", lambda: [str(p) for p in Protection])] | None
    ) = Field(
        default=None,
        description="`normal` or `high`: shown to readers and recorded; `high` wins.",
    )
    open_hours: Annotated[OpenHours, HoursOfTheWeek()] | None = Field(
        default=None,
        description="At which hours recipients may open it, by the clocks of a place: days from "
        "`Mon` to `Sun`, hours, and a time zone, London's unless written; several hours are "
        "separated by commas. Outside them the page says when it opens again. Of several rules, "
        "the hours that all of them allow.",
    )
    kept_after_expiry: Annotated[timedelta, LengthOfTime()] | None = Field(
        default=None,
        description="How long the content is kept once it has expired: its sender can still read "
        "it and give more time. Then it is destroyed. Unless written, `kept_after_expiry` of the "
        "settings file; the shortest wins.",
    )
    retention: Annotated[timedelta, LengthOfTime()] | None = Field(
        default=None,
        description="After how long content that has no time limit is destroyed. Unless written, "
        "it is kept; the shortest wins.",
    )
    reminders: Annotated[int, Field(ge=0, le=MOST_REMINDERS)] | None = Field(
        default=None,
        description="How many times, at most, a recipient who has not opened it is reminded, "
        "spread over the time until it expires. Unless written, 1; the lowest wins.",
    )


class RelayTerms(Part):
    """Which way a clear copy takes."""

    noun: ClassVar[str] = "relay setting"
    tls: Annotated[str, OneOf("kind of TLS", lambda: [str(t) for t in Tls])] | None = Field(
        default=None,
        description="`opportunistic`: TLS when offered. `required`: TLS, with any certificate. "
        "`verified`: TLS to a server whose certificate carries its name. The strictest wins, and "
        "never less than the settings say.",
    )
    route: Annotated[str, Field(max_length=60, pattern=LIST_NAME)] | None = Field(
        default=None,
        description="The mail server to hand it to: a section `[routes.NAME]` of sealgate.toml. "
        "Unless written, the usual next hop. Of several, the first rule's.",
    )
    else_: Annotated[str, OneOf("way out", lambda: [str(o) for o in Otherwise])] | None = Field(
        default=None,
        alias="else",
        description="What happens when TLS that is `required` or `verified` cannot be had now: "
        "`seal` the mail instead, or `refuse` it. Unless written, `seal`; `refuse` wins.",
    )


class AddTerms(Part):
    """What is appended to the text of mail that leaves the organisation in the clear."""

    noun: ClassVar[str] = "addition"
    disclaimer: Annotated[str, Field(max_length=2000), AfterValidator(_statement)] | None = Field(
        default=None, description="A text of your own; lines are kept."
    )
    delete_after_use: Annotated[bool, YesNo()] | None = Field(
        default=None,
        description="`yes`: a sentence that asks the recipient to delete the mail after use.",
    )


HeaderName = Annotated[str, Field(max_length=60), AfterValidator(_removable)]
RemoveHeaders = Annotated[list[HeaderName], OneOrMany(), Field(min_length=1)]
