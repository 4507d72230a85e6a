"""A dossier: everything that is known of one package, in the form in which it leaves the vault.

`docs/reference/export-format.md` describes it field by field. What is written here is what any
program may read for as long as messages are kept, so a field is never given another meaning: a
change that an older reader would misunderstand is another number behind the `/` of `FORMAT`.

Promises that what is read back is of this form, every text within its limit and every address in
its canonical form. Must never hold a key, nor anything that opens what a second lock has shut.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from vault.address import Address
from vault.errors import AddressError, VaultError
from vault.storage.tables import GrantState, NoticeState, RequestState

FORMAT: Final = "sealgate-package/1"
LONGEST = 64 << 20  # bytes of a dossier that is read
_HEX = r"^[0-9a-f]{64}$"
_BASE64 = r"^[A-Za-z0-9+/]*={0,2}$"
_M = TypeVar("_M", bound=BaseModel)


class NotADossier(VaultError):
    """A file is no dossier of this version; the text says which field is wrong, and no value."""


class State(StrEnum):
    """What there is of a package beside its dossier."""

    OPENED = "opened"  # the message as it was sent
    LOCKED = "locked"  # the ciphertext: it has a second lock, which only its words open
    DESTROYED = "destroyed"  # nothing: its time was over
    UNREADABLE = "unreadable"  # nothing: what is stored is damaged, or did not answer


def _canonical(text: str) -> str:
    try:
        if str(Address.parse(text)) == text:
            return text
    except AddressError:
        pass
    raise ValueError("is no address in its canonical form")


def _on_one_line(text: str) -> str:
    if text and not text.isprintable():
        raise ValueError("has a character that cannot be shown")
    return text


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Identifier = Annotated[str, Field(pattern=r"^[a-z2-7]{26}$")]
Mailbox = Annotated[str, Field(max_length=512), AfterValidator(_canonical)]
Line = Annotated[str, Field(max_length=1000), AfterValidator(_on_one_line)]
Digest = Annotated[str, Field(pattern=_HEX)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Seconds = Annotated[int, Field(ge=0, lt=2**31)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ContentFile(_Part):
    """The file with the content, of `length` bytes, named from the folder of the export."""

    file: Annotated[str, Field(pattern=r"^packages/[a-z2-7]{2}/[a-z2-7]{26}\.(eml|sealed)$")]
    length: Count
    sha256: Digest


class Lock(_Part):
    """What opens a locked package together with the words of its second lock, and not without."""

    content_id: Identifier
    parameters: Annotated[str, Field(pattern=_BASE64, max_length=200)]
    enclosed: Annotated[str, Field(pattern=_BASE64, max_length=200)]
    summary: Annotated[str, Field(pattern=_BASE64, max_length=4 << 20)]


class Summary(_Part):
    """What a list shows of the message: subject, names, names of files."""

    subject: str
    author_name: str
    to: list[str]
    cc: list[str]
    attachments: list[str]
    sent_at: Instant | None


class Grant(_Part):
    """That an address may open the package, or might once."""

    address: Mailbox
    visible: bool
    notify: bool
    reports: bool
    state: GrantState
    notice: NoticeState
    added_at: Instant
    opened_at: Instant | None
    downloads: Seconds
    reminded: Seconds


class Request(_Part):
    """That somebody without access has asked for it."""

    id: Identifier
    requester: Mailbox
    asked_at: Instant
    state: RequestState
    decided_at: Instant | None


class LegalHold(_Part):
    """That the package is to be kept, or was."""

    id: Identifier
    placed_at: Instant
    placed_by: Line
    why: Line
    asked_at: Instant | None
    asked_by: Line
    asked_why: Line
    ended_at: Instant | None
    ended_by: Line


class Destroyed(_Part):
    """That the content was destroyed; `certificate` is the signed statement, as it was issued."""

    destroyed_at: Instant
    cause: Line
    certificate: Annotated[str, Field(max_length=1 << 20)] | None


class AuditLine(_Part):
    """One line of an audit trail, column by column; `hash` is null before there was a chain."""

    strand: Annotated[str, Field(pattern=r"^[a-z2-7]{0,26}$")]
    number: Count
    hash: Digest | None
    at: Instant
    act: Annotated[str, Field(pattern=r"^[a-z]+(_[a-z]+)*:[a-z]+(_[a-z]+)*$", max_length=100)]
    actor: Line
    subject: Line
    ip: Line
    agent: Line
    detail: Line
    policy: Line


class History(_Part):
    """What one installation has on record of the package. `audit_key` names whose trail it is."""

    organisation: Line
    audit_key: Annotated[str, Field(pattern=r"^([0-9a-f]{16})?$")]
    lines: list[AuditLine]


class Glance(BaseModel):
    """What must be read of a dossier to know which file belongs to it."""

    model_config = ConfigDict(frozen=True, strict=True)

    state: State
    content: ContentFile | None

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read the file of a dossier; raises NotADossier."""
        return _read(cls, data)


class Dossier(_Part):
    """Everything that is known of one package."""

    format: Literal["sealgate-package/1"]
    export: Identifier
    taken_at: Instant
    state: State
    note: Line
    content: ContentFile | None
    lock: Lock | None
    summary: Summary | None
    id: Identifier
    reference: Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$")]
    author: Mailbox
    owner: Mailbox
    sealed_at: Instant
    expires_at: Instant | None
    not_before: Instant | None
    reply_allowed: bool
    view_only: bool
    sign_in: Annotated[Line, Field(min_length=1)]
    protection: Line
    open_hours: Line
    kept_after_expiry: Seconds | None
    retention: Seconds | None
    destroy_at: Instant | None
    reminders: Seconds
    conversation: Identifier
    size: Count
    policy: Line
    because: list[str]
    found: dict[str, Count]
    grants: list[Grant]
    requests: list[Request]
    legal_holds: list[LegalHold]
    destruction: Destroyed | None
    history: list[History]

    def written(self) -> bytes:
        """Return it as its file: UTF-8, ended by a line feed."""
        return self.model_dump_json(indent=1, warnings=False).encode() + b"\n"

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read such a file, and every field of it; raises NotADossier."""
        return _read(cls, data)


def _read(model: type[_M], data: bytes) -> _M:
    if len(data) > LONGEST:
        raise NotADossier("the file is too long")
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise NotADossier(f"{where} is not as the format says ({first['type']})") from None
