"""What a file of golden cases may hold: mails, and what the policy must decide about them.

For `sealgate policy test`, for editors (JSON Schema) and for the reference page, which are all
made from these models. Promises that an unknown key is an error, as in a policy, and that a case
of four lines is a whole case. Must never decide anything.
"""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import JsonSchemaValue

from policies.decision import Outcome
from policies.language.annotations import LengthOfTime, OneOf, OneOrMany, Shortened, YesNo
from policies.trials.case_values import (
    ONE_LINE,
    FileName,
    Line,
    MailAddress,
    Moment,
    OwnDomain,
    Recipient,
    RuleName,
)

EVERYBODY = "everybody"
CASE_OUTCOMES = tuple(str(outcome) for outcome in Outcome)
HEADER_NAME = r"^[!-9;-~]{1,76}$"


class CasePart(BaseModel):
    """A piece of a case file; `noun` is what its keys are called in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    noun: ClassVar[str] = "key"


class Attached(CasePart):
    """An attachment of the mail: a file beside the cases, or a text written here."""

    noun: ClassVar[str] = "key of an attachment"
    name: Line = Field(description="The file name that the recipient sees.")
    file: FileName | None = Field(default=None, description="A file beside the cases.")
    text: str | None = Field(default=None, description="The text of the attachment, written here.")
    type: Annotated[str, Field(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")] | None = Field(
        default=None, description="Its media type, if it is to differ from what the name says."
    )


class Known(CasePart):
    """What the installation knows besides the mail. Unless written: nothing."""

    noun: ClassVar[str] = "kind of knowledge"
    now: Annotated[datetime, Moment()] | None = Field(
        default=None,
        description="The moment of the decision, such as `2026-11-24 10:00`; London time "
        "unless a zone is written.",
    )
    sent_before: Annotated[list[Recipient], OneOrMany()] = Field(
        default=[], description="Recipients to whom the sender has written before."
    )
    writes_often_to: Annotated[list[Recipient], OneOrMany()] = Field(
        default=[], description="Recipients to whom the sender often writes."
    )
    verified_tls: Annotated[list[OwnDomain], OneOrMany()] = Field(
        default=[], description="Domains whose mail servers prove who they are (verified TLS)."
    )


class Expected(CasePart):
    """What must be decided for a recipient. What is not written is not compared."""

    noun: ClassVar[str] = "expectation"
    outcome: Annotated[str, OneOf("outcome", lambda: CASE_OUTCOMES)] = Field(
        description="`refuse`, `hold`, `seal` or `relay`."
    )
    rules: Annotated[list[RuleName], OneOrMany()] | None = Field(
        default=None,
        description="Exactly these rules fire; `[]`: none. A built-in rule has a name as well.",
    )
    told: Annotated[list[Line], OneOrMany()] = Field(
        default=[],
        description="Words that stand in what the sender is told, in a refusal or a note, in any "
        "case.",
    )
    terms: Annotated[list[Line], OneOrMany()] = Field(
        default=[],
        description="Words that stand in the terms that hold, as `sealgate policy explain` names "
        "them, such as `TLS verified`.",
    )
    expires_after: Annotated[timedelta, LengthOfTime()] | None = Field(
        default=None, description="For `seal`: how long recipients may open it."
    )
    replies: Annotated[bool, YesNo()] | None = Field(
        default=None, description="For `seal`: whether recipients may answer."
    )


class ShortForms(Shortened):
    """Annotation for expectations: a word or a block for everybody, or one for each recipient."""

    def spelt_out(self, value: object) -> object:
        """Give the long form: a block for each recipient, or for everybody."""
        if not isinstance(value, dict):
            return {EVERYBODY: _block(value)}
        if value and not any("@" in str(key) for key in value):
            return {EVERYBODY: value}
        return {key: _block(entry) for key, entry in value.items()}

    def forms(self, long: JsonSchemaValue) -> JsonSchemaValue:
        """Let editors accept every form."""
        block = long["additionalProperties"]
        word = {"type": "string", "enum": list(CASE_OUTCOMES)}
        return {"anyOf": [word, block, {**long, "additionalProperties": {"anyOf": [word, block]}}]}


def _block(value: object) -> object:
    return value if isinstance(value, dict) else {"outcome": value}


class Case(CasePart):
    """One mail and what must be decided about it. Write the mail in parts, whole, or in a file."""

    noun: ClassVar[str] = "key of a case"
    name: Annotated[str, Field(min_length=1, max_length=120, pattern=ONE_LINE)] = Field(
        description="A sentence that says what must be so."
    )
    to: Annotated[list[Recipient], OneOrMany(), Field(min_length=1)] = Field(
        description="The recipients of the envelope: one address or a list."
    )
    from_: Annotated[str, MailAddress(sender=True)] | None = Field(
        default=None,
        alias="from",
        description="The sender of the envelope, if not the file's; `<>` for none.",
    )
    subject: Line | None = Field(default=None, description="The subject, as people type it.")
    headers: dict[Annotated[str, Field(pattern=HEADER_NAME)], Line] = Field(
        default={}, description="Further header fields, such as `Sensitivity: Private`."
    )
    body: str | None = Field(default=None, description="The text of the mail.")
    html: str | None = Field(default=None, description="The same text in HTML.")
    attachments: list[Attached] = Field(default=[], description="Files of the mail.")
    mail: str | None = Field(
        default=None, description="The whole mail as text, header lines first: nothing is added."
    )
    file: FileName | None = Field(
        default=None, description="The whole mail in a file beside the cases (.eml)."
    )
    known: Known = Field(default=Known(), description="What the installation knows.")
    expect: Annotated[dict[str, Expected], ShortForms()] = Field(
        description="An outcome for everybody; or for each recipient an outcome or a block of "
        "expectations."
    )

    def expected(self, recipient: str) -> Expected | None:
        """Return what is expected for a recipient as `to` names it; None if nothing is said."""
        return self.expect.get(recipient, self.expect.get(EVERYBODY))


class CaseFile(CasePart):
    """A whole file of cases."""

    noun: ClassVar[str] = "section"
    domains: Annotated[list[OwnDomain], OneOrMany(), Field(min_length=1)] | None = Field(
        default=None,
        description="The domains that are ours in these cases; otherwise the installation's.",
    )
    from_: Annotated[str, MailAddress(sender=True)] | None = Field(
        default=None,
        alias="from",
        description="The sender of every case that names none.",
    )
    known: Known = Field(
        default=Known(), description="What the installation knows in every case that says nothing."
    )
    cases: list[Case] = Field(min_length=1, description="The cases.")
