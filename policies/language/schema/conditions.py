"""What may stand under `when` and `except`.

A new condition is a field of `Conditions` and a compiler in `policies.conditions`. Promises one
field for each word. Must never say what a condition means to the engine: that stands there.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from policies.language.annotations import OneOf, OneOrMany, Size, YesNo
from policies.language.schema.addresses import AddressTest, RecipientTest
from policies.language.schema.circumstances import (
    CountTest,
    HeaderTest,
    MarkingTest,
    RouteTest,
    TimeTest,
)
from policies.language.schema.part import Part, Words
from policies.language.schema.texts import AttachmentTest, TextTest

DIRECTIONS = ("internal", "partner", "external")
FLAG_KINDS = (
    "sensitivity",
    "subject_tag",
    "protective_marking",
    "protect_header",
    "sensitivity_label",
)

Direction = Annotated[str, OneOf("direction", lambda: DIRECTIONS)]
FlagKind = Annotated[str, OneOf("flag", lambda: ("any", *FLAG_KINDS))]


class Conditions(Part):
    """Conditions; every one that is written must hold."""

    noun: ClassVar[str] = "condition"
    direction: Annotated[list[Direction], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None,
        description="`internal`: the recipient is in a domain of ours. `partner`: in a domain "
        "that `settings: partners:` names. `external`: anywhere else.",
    )
    sender: AddressTest | None = Field(
        default=None, description="The address in MAIL FROM passes these tests."
    )
    recipient: RecipientTest | None = Field(
        default=None, description="The address in RCPT TO passes these tests."
    )
    external_recipients: CountTest | None = Field(
        default=None,
        description="How many recipients the mail has outside our domains, partners and Bcc "
        "included.",
    )
    visible_recipients: CountTest | None = Field(
        default=None,
        description="How many addresses outside our domains stand in To and Cc, where every "
        "recipient sees them.",
    )
    visible_domains: CountTest | None = Field(
        default=None,
        description="How many different domains, ours apart, stand in To and Cc.",
    )
    subject: TextTest | None = Field(
        default=None, description="The subject, as the recipient would see it, passes these tests."
    )
    body: TextTest | None = Field(
        default=None,
        description="The text of the mail passes these tests; every alternative is read.",
    )
    attachment: AttachmentTest | None = Field(
        default=None,
        description="One attachment, or a file inside one, passes all these tests.",
    )
    anywhere: TextTest | None = Field(
        default=None,
        description="Subject, text, attachments and their names, taken together, pass these tests.",
    )
    flag: Annotated[list[FlagKind], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None,
        description="The sender marked the mail, in any of these ways; `any` means all of them.",
    )
    marking: MarkingTest | None = Field(
        default=None,
        description="The protective marking in the subject, in a header, or on a line of its own "
        "in text or attachments.",
    )
    header: HeaderTest | None = Field(
        default=None, description="A header field of the mail passes these tests."
    )
    size_over: Annotated[int, Size()] | None = Field(
        default=None, description="The mail, as it is sent, is larger than this, such as `20 MB`."
    )
    unreadable: Annotated[bool, YesNo()] | None = Field(
        default=None,
        description="`yes`: the mail cannot be fully inspected. "
        "Without any rule such mail is sealed for external recipients.",
    )
    time: TimeTest | None = Field(
        default=None, description="The mail is sent at such a time, London time."
    )
    agreement: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None,
        description="The recipient's domain is covered by any of these agreements, and it is in "
        "force today; `any` means every agreement in this file.",
    )
    route: RouteTest | None = Field(
        default=None, description="The mail would travel to the recipient in this way."
    )
