"""What may stand under `when` and `except`.

A new condition is a field of `Conditions` and a compiler in `policies.conditions`. Promises one
field for each word. Must never say what a condition means to the engine: that stands there.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from policies.language.schema.part import DetectorName, Part, Words
from policies.language.vocabulary import OneOf, OneOrMany, YesNo

DIRECTIONS = ("internal", "external")
FLAG_KINDS = (
    "sensitivity",
    "subject_tag",
    "protective_marking",
    "protect_header",
    "sensitivity_label",
)


class SubjectTest(Part):
    """What the subject holds. Subject, every further Subject and Thread-Topic are read."""

    noun: ClassVar[str] = "test of the subject"
    finds: Annotated[list[DetectorName], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None, description="Personal data: any of these detectors finds something."
    )
    contains: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None,
        description="Any of these words stands in the subject. Words written here in capitals "
        "are matched in capitals only.",
    )


class AddressTest(Part):
    """What an address is. Envelope addresses are read, never header fields."""

    noun: ClassVar[str] = "test of an address"
    in_list: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None, description="The address is on any of these lists."
    )
    domain: Annotated[list[Words], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None,
        description='The domain is any of these. "nhs.net" is exact, ".gov.uk" every subdomain.',
    )


class Conditions(Part):
    """Conditions; every one that is written must hold."""

    noun: ClassVar[str] = "condition"
    direction: Annotated[str, OneOf("direction", lambda: DIRECTIONS)] | None = Field(
        default=None,
        description="`internal`: the recipient is in a domain of ours. `external`: anywhere else.",
    )
    sender: AddressTest | None = Field(
        default=None, description="The address in MAIL FROM passes these tests."
    )
    recipient: AddressTest | None = Field(
        default=None, description="The address in RCPT TO passes these tests."
    )
    subject: SubjectTest | None = Field(
        default=None, description="The subject, as the recipient would see it, passes these tests."
    )
    flag: (
        Annotated[
            list[Annotated[str, OneOf("flag", lambda: ("any", *FLAG_KINDS))]],
            OneOrMany(),
            Field(min_length=1),
        ]
        | None
    ) = Field(
        default=None,
        description="The sender marked the mail, in any of these ways; `any` means all of them.",
    )
    unreadable: Annotated[bool, YesNo()] | None = Field(
        default=None,
        description="`yes`: the mail cannot be fully inspected. "
        "Without any rule such mail is sealed for external recipients.",
    )
