"""The policy language as data: what a policy file may hold.

For the loader, the JSON Schema that editors read, and the reference page, which are all made
from these models. Promises that an unknown key is an error. Must never decide anything: what a
condition means stands in `policies.conditions`. A new condition is a field here and a compiler
there; a new outcome is a word in `OUTCOMES` and its place in `policies.decision`.
"""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from policies.decision import Outcome
from policies.detectors import DETECTORS
from policies.language.vocabulary import LengthOfTime, OneOf, OneOrMany, YesNo

OUTCOMES = (Outcome.REFUSE, Outcome.SEAL, Outcome.RELAY)
DIRECTIONS = ("internal", "external")
FLAG_KINDS = (
    "sensitivity",
    "subject_tag",
    "protective_marking",
    "protect_header",
    "sensitivity_label",
)
SENSITIVITIES = ("personal", "private", "company-confidential")
LIST_KINDS = ("domains", "mailboxes", "addresses")

RULE_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
LIST_NAME = r"^[a-z][a-z0-9_]*$"
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*\.txt$"
GUID = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"

Words = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\r\n]*\S[^\r\n]*$")]
DetectorName = Annotated[str, OneOf("detector", lambda: list(DETECTORS))]
ListName = Annotated[str, Field(max_length=60, pattern=LIST_NAME)]


class Part(BaseModel):
    """A piece of a policy file; `noun` is what its keys are called in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    noun: ClassVar[str] = "key"


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


class SealTerms(Part):
    """How a sealed mail may be used."""

    noun: ClassVar[str] = "seal setting"
    expires_after: Annotated[timedelta, LengthOfTime()] | None = Field(
        default=None, description="How long recipients may open it; the shortest wins."
    )
    replies: Annotated[bool, YesNo()] | None = Field(
        default=None, description="Whether recipients may answer in the reader; `no` wins."
    )


class Rule(Part):
    """When, what then, and what the sender is told."""

    name: Annotated[str, Field(max_length=60, pattern=RULE_NAME)] = Field(
        description="Lower-case words joined by hyphens; shown in logs, replies and the audit."
    )
    when: Conditions = Field(description="All conditions must hold for the rule to fire.")
    except_: Conditions | None = Field(
        default=None,
        alias="except",
        description="If all of these hold as well, the rule does not fire.",
    )
    then: Annotated[str, OneOf("outcome", lambda: [str(o) for o in OUTCOMES])] = Field(
        description="`refuse`, `seal` or `relay`. The most protective outcome of all rules wins."
    )
    tell_sender: str = Field(
        default="",
        description="For `refuse`: one sentence or two, under 180 characters, that say what to do. "
        "`{found}` stands for what the detectors found, in words.",
    )
    seal: SealTerms | None = Field(
        default=None, description="For `seal`: terms that differ from `settings: seal:`."
    )


class MsipLabel(Part):
    """A Microsoft sensitivity label of our own tenant. Names of labels are not unique: ids are."""

    tenant: Annotated[str, Field(pattern=GUID)] = Field(description="The tenant's id (a GUID).")
    label: Annotated[str, Field(pattern=GUID)] = Field(description="The label's id (a GUID).")
    called: Words = Field(description="What staff call it; for people who read this file.")


class Settings(Part):
    """What counts as marked, and how sealed mail may be used unless a rule says otherwise."""

    noun: ClassVar[str] = "setting"
    sensitivity: Annotated[
        list[Annotated[str, OneOf("sensitivity", lambda: SENSITIVITIES)]], OneOrMany()
    ] = Field(
        default=["private", "company-confidential"],
        description="Values of Outlook's Sensitivity header that mark a mail.",
    )
    subject_tags: Annotated[list[Words], OneOrMany()] = Field(
        default=["secure", "encrypt", "confidential"],
        description="Words that mark a mail when they stand in [square brackets] in the subject.",
    )
    protective_markings: Annotated[list[Words], OneOrMany()] = Field(
        default=["CONFIDENTIAL", "OFFICIAL-SENSITIVE"],
        description="Words that mark a mail when they stand in the subject. Words written here "
        "in capitals are matched in capitals only; a hyphen also matches a space or dash.",
    )
    msip_labels: list[MsipLabel] = Field(
        default=[], description="Microsoft sensitivity labels that mark a mail."
    )
    seal: SealTerms = Field(
        default=SealTerms(), description="Terms of every sealed mail; a rule may set its own."
    )


class ListSource(Part):
    """Where the entries of a list come from: a file, the policy itself, or both."""

    kind: Annotated[str, OneOf("kind of list", lambda: LIST_KINDS)] = Field(
        description="`domains` (nhs.net, .gov.uk), `mailboxes` (the part before the @) "
        "or `addresses` (whole addresses)."
    )
    file: Annotated[str, Field(max_length=100, pattern=FILE_NAME)] | None = Field(
        default=None,
        description="A text file beside the policy, or one of the lists that come with Sealgate.",
    )
    entries: list[Words] = Field(default=[], description="Entries written here.")


class PolicyFile(Part):
    """A whole policy file."""

    noun: ClassVar[str] = "section"
    version: Annotated[int, Field(ge=1, le=1)] = Field(description="The language's version: 1.")
    settings: Settings = Field(
        default=Settings(), description="What counts as marked, and how sealed mail may be used."
    )
    lists: dict[ListName, ListSource] = Field(default={}, description="Named lists for `in_list`.")
    rules: list[Rule] = Field(
        min_length=1, description="Read top to bottom for each recipient; all rules are read."
    )
