"""What a file of golden cases may hold: mails, and what the policy must decide about them.

For `sealgate policy test`, for editors (JSON Schema) and for the reference page, which are all
made from these models. Promises that an unknown key is an error, as in a policy, and that a case
of four lines is a whole case. Must never decide anything.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from policies.decision import Outcome
from policies.errors import quoted
from policies.language.vocabulary import LengthOfTime, OneOf, OneOrMany, YesNo, wrong
from policies.settings import domain_entry
from vault.address import Address
from vault.errors import AddressError

LONDON = ZoneInfo("Europe/London")
NULL_SENDER = "<>"
EVERYBODY = "everybody"
CASE_OUTCOMES = tuple(str(outcome) for outcome in Outcome)

FILE = r"[A-Za-z0-9][A-Za-z0-9_. -]{0,99}"
HEADER_NAME = r"^[!-9;-~]{1,76}$"
ONE_LINE = r"^[^\r\n]*$"

Line = Annotated[str, Field(max_length=5000, pattern=ONE_LINE)]
RuleName = Annotated[str, Field(min_length=1, max_length=60)]


class MailAddress:
    """Annotation for an address; `<>`, where a sender is expected, is the null sender."""

    def __init__(self, *, sender: bool = False) -> None:
        self._sender = sender

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept what is an address, and keep it as it was written."""
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors check that it is text."""
        return {"type": "string"}

    def _check(self, value: object) -> str:
        if self._sender and value == NULL_SENDER:
            return NULL_SENDER
        try:
            Address.parse(value if isinstance(value, str) else "")
        except AddressError:
            raise wrong(
                f"{quoted(str(value))} is not an address", allowed="such as jo@example.org"
            ) from None
        return str(value)


class Moment:
    """Annotation for a moment: `2026-11-24 10:00`, Europe/London unless a zone is written."""

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept a date and time; give it as aware UTC."""
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors check that it is text."""
        return {"type": "string"}

    def _check(self, value: object) -> datetime:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            raise wrong(
                f"{quoted(str(value))} is not a date and time", allowed="2026-11-24 10:00"
            ) from None
        return moment.replace(tzinfo=moment.tzinfo or LONDON).astimezone(UTC)


def _domain(value: object) -> str:
    try:
        return domain_entry(value if isinstance(value, str) else "")
    except ValueError:
        allowed = "such as example.gov.uk, or .example.gov.uk for its subdomains"
        raise wrong(f"{quoted(str(value))} is not a domain", allowed=allowed) from None


def _file_name(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(FILE, value):
        return value
    raise wrong(f"{quoted(str(value))} is not a file name", allowed="a name without a folder")


FileName = Annotated[str, BeforeValidator(_file_name)]
OwnDomain = Annotated[str, BeforeValidator(_domain)]
Recipient = Annotated[str, MailAddress()]


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


class ShortForms:
    """Annotation for expectations: a word or a block for everybody, or one for each recipient."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept the short forms and give the long one."""
        return core_schema.no_info_before_validator_function(_spelt_out, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let editors accept every form."""
        many = handler(schema)
        block = many["additionalProperties"]
        word = {"type": "string", "enum": list(CASE_OUTCOMES)}
        return {"anyOf": [word, block, {**many, "additionalProperties": {"anyOf": [word, block]}}]}


def _spelt_out(value: object) -> object:
    if not isinstance(value, dict):
        return {EVERYBODY: _block(value)}
    if value and not any("@" in str(key) for key in value):
        return {EVERYBODY: value}
    return {key: _block(entry) for key, entry in value.items()}


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
