"""The database schema: one row class a noun, and the tables to select from.

Promises that times are stored and read back as aware UTC, and that no column holds a
subject, a name, a file name, content, a code, a token or a password that could be read:
they are sealed, hashed or marked (HMAC).
Must never be imported outside the vault.
"""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import DateTime, Dialect, Index, Table, UniqueConstraint, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

SCHEMA_VERSION = "3"


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Bound values must be aware; SQLite, which keeps no zone, gives UTC back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Take an aware value to UTC; a naive one is a mistake in the program (ValueError)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is not an instant")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the instant back as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class GrantState(StrEnum):
    """Whether a grant counts."""

    ACTIVE = "active"
    REVOKED = "revoked"


class NoticeState(StrEnum):
    """How far the newest notice of a grant has come."""

    NONE = "none"
    QUEUED = "queued"
    RELAYED = "relayed"
    DELAYED = "delayed"
    BOUNCED = "bounced"


class OutboxState(StrEnum):
    """How far an outbox row has come; all but QUEUED and HELD are final."""

    QUEUED = "queued"
    HELD = "held"  # by an administrator, until released
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RequestState(StrEnum):
    """How far a request for access has come."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"


class HoldState(StrEnum):
    """How a held mail stands; all but HELD are final, and their content is destroyed."""

    HELD = "held"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"  # by an approver
    EXPIRED = "expired"


class Meta(SQLModel, table=True):
    """Facts about the database itself: `schema_version`."""

    __tablename__ = "meta"

    name: str = Field(primary_key=True)
    value: str


class Content(SQLModel, table=True):
    """Ciphertext, inline or in the content folder. Exactly one of `inline` and `place` is set."""

    __tablename__ = "contents"

    id: str = Field(primary_key=True)  # the spool's id, to which the ciphertext is bound
    inline: bytes | None = None
    place: str | None = None  # id in the content folder
    size: int  # of the plaintext, in bytes
    created_at: datetime = Field(sa_type=UtcDateTime)


class Package(SQLModel, table=True):
    """A sealed mail. `wrapped` is its content key under the vault key; without it, no content."""

    __tablename__ = "packages"
    __table_args__ = (Index("packages_by_owner", "owner", "sealed_at"),)

    id: str = Field(primary_key=True)
    reference: str = Field(unique=True)
    author: str
    owner: str
    sealed_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reply_allowed: bool = True
    view_only: bool = False
    sign_in: str = "code"  # the weakest sign-in that opens it: a word of `vault.strength`
    protection: str = "normal"
    conversation: str = Field(index=True)
    message_mark: bytes | None = Field(default=None, index=True)  # HMAC of the Message-ID
    size: int  # of the message, in bytes
    content_id: str | None = Field(default=None, foreign_key="contents.id", index=True)
    wrapped: bytes | None = None
    summary: bytes  # sealed under the content key
    policy: str = ""
    because: str = "[]"  # JSON list of the reasons, which hold no matched value


class Grant(SQLModel, table=True):
    """That an address may open a package. Matched by the exact address, byte for byte."""

    __tablename__ = "grants"
    __table_args__ = (UniqueConstraint("package_id", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    package_id: str = Field(foreign_key="packages.id")
    address: str = Field(index=True)
    folded: str = Field(index=True)  # to look up a spelling, never to grant
    visible: bool = True  # False: a Bcc
    notify: bool = True
    reports: bool = True  # whether its owner wants to be told of a notice that comes back
    state: str = GrantState.ACTIVE
    notice: str = NoticeState.NONE
    added_at: datetime = Field(sa_type=UtcDateTime)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the first time
    downloads: int = 0


class Outbox(SQLModel, table=True):
    """A mail still to be sent, or its trace: the sealed `payload` is erased when it is final."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_due", "state", "urgency", "available_at"),)

    id: str = Field(primary_key=True)
    kind: str
    address: str
    package_id: str | None = Field(default=None, foreign_key="packages.id", index=True)
    content_id: str | None = Field(default=None, foreign_key="contents.id", index=True)
    wrapped: bytes | None = None  # content key under the relay key
    payload: bytes = b""
    state: str = OutboxState.QUEUED
    status: str = ""  # the last answer of the next hop
    urgency: int = 1  # 0 goes first
    attempts: int = 0
    delayed: bool = False
    warned: bool = False  # whether the sender has been told of the delay
    sender_domain: str = ""  # of whom a failure is told; "" for the null path
    queued_at: datetime = Field(sa_type=UtcDateTime)
    available_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease: str = ""  # token of the claim, "" when nobody has it
    leased_by: str = ""
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Event(SQLModel, table=True):
    """One line of the audit trail. Only ever added. No foreign key: it outlives the package."""

    __tablename__ = "events"
    __table_args__ = (Index("events_by_package", "package_id", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    act: str
    package_id: str | None = None
    actor: str = ""
    subject: str = ""  # whom it concerns, never a mail's subject
    ip: str = ""
    agent: str = ""
    detail: str = ""
    policy: str = ""  # digest of the policy that decided, where one did


class PolicyVersion(SQLModel, table=True):
    """The text of a policy and of the lists it read, compressed. Never changed."""

    __tablename__ = "policy_versions"

    digest: str = Field(primary_key=True)
    stored_at: datetime = Field(sa_type=UtcDateTime)
    content: bytes


class PolicyAct(SQLModel, table=True):
    """One thing that happened to a policy. Only ever added; the last activation is in force."""

    __tablename__ = "policy_acts"
    __table_args__ = (
        Index(
            "policy_acts_refused_once",
            "digest",
            unique=True,
            sqlite_where=text("act = 'refused'"),
            postgresql_where=text("act = 'refused'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    act: str = Field(index=True)
    digest: str = Field(index=True)
    previous: str = ""  # the digest that was in force
    by: str = ""
    why: str = ""  # a line each; words of the policy, never of a mail


class Decided(SQLModel, table=True):
    """What is kept of a decision for a while, so that another policy can be asked about it."""

    __tablename__ = "decided"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    policy: str
    facts: str  # JSON; domains, counts and keyed hashes, nothing of a mail


class Receipt(SQLModel, table=True):
    """That a mail was accepted: makes a second sending of it the same deposit."""

    __tablename__ = "receipts"

    mark: bytes = Field(primary_key=True)  # HMAC of author, recipients and content
    accepted_at: datetime = Field(sa_type=UtcDateTime, index=True)
    reference: str
    package_id: str | None = None


class Hold(SQLModel, table=True):
    """A mail that waits to be fixed or approved; once settled, a trace without content."""

    __tablename__ = "holds"
    __table_args__ = (
        Index("holds_by_owner", "owner", "held_at"),
        Index("holds_due", "state", "expires_at"),
    )

    id: str = Field(primary_key=True)
    reference: str = Field(unique=True)
    owner: str
    state: str = HoldState.HELD
    revision: int = 1  # counts the fixes: nobody releases what they have not seen
    held_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # for this revision
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_by: str = ""
    package_id: str | None = None  # what it became, if anybody gets it sealed
    mark: bytes = Field(index=True)  # HMAC of owner, recipients and content
    size: int  # of the message, in bytes
    content_id: str | None = Field(default=None, foreign_key="contents.id", index=True)
    wrapped: bytes | None = None
    summary: bytes = b""  # sealed under the content key
    slip: bytes = b""  # sealed to the vault key
    answer: bytes = b""  # an approver's words, sealed to the vault key
    policy: str = ""
    because: str = "[]"  # JSON list of the names of rules


class HoldApprover(SQLModel, table=True):
    """That an address is asked to approve a held mail. Never the owner's own."""

    __tablename__ = "hold_approvers"

    hold_id: str = Field(primary_key=True, foreign_key="holds.id")
    address: str = Field(primary_key=True, index=True)


class Correspondence(SQLModel, table=True):
    """That a sender has written to a recipient: how often, and on which day last. Both folded."""

    __tablename__ = "correspondence"
    __table_args__ = (Index("correspondence_by_day", "last_at"),)

    sender: str = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    times: int = 1
    last_at: datetime = Field(sa_type=UtcDateTime)


class AccessRequest(SQLModel, table=True):
    """Someone without access asks for it. At most one pending a package and requester."""

    __tablename__ = "access_requests"
    __table_args__ = (
        Index(
            "access_requests_pending",
            "package_id",
            "requester",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: str = Field(primary_key=True)
    package_id: str = Field(foreign_key="packages.id")
    requester: str = Field(index=True)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    state: str = RequestState.PENDING
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignInCode(SQLModel, table=True):
    """A mailed code. Only peppered hashes of the code and of the browser's visit are kept."""

    __tablename__ = "sign_in_codes"
    __table_args__ = (
        Index("sign_in_codes_by_address", "folded", "asked_at"),
        Index("sign_in_codes_by_network", "network", "asked_at"),
    )

    id: str = Field(primary_key=True)
    address: str  # the spelling it was mailed to, which it signs in
    folded: str  # one mailbox is counted once, whichever way it is spelt
    visit: bytes = Field(index=True)
    code: bytes
    asked_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    tries: int = 0  # wrong ones
    network: str = ""  # where it was asked for: an IPv4 address, or the /64 of an IPv6 one


class SignInFailure(SQLModel, table=True):
    """Consecutive wrong codes for an address, and until when it is disabled."""

    __tablename__ = "sign_in_failures"

    folded: str = Field(primary_key=True)
    failures: int = 0
    failed_at: datetime = Field(sa_type=UtcDateTime)
    disabled_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Session(SQLModel, table=True):
    """A signed-in browser. Only the SHA-256 of its token is kept."""

    __tablename__ = "sessions"

    token: bytes = Field(primary_key=True)
    id: str = Field(unique=True)
    identity: str = Field(index=True)
    begun_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    ip: str = ""
    agent: str = ""


class User(SQLModel, table=True):
    """Someone who may submit mail. `password` is an Argon2id hash."""

    __tablename__ = "users"

    address: str = Field(primary_key=True)
    folded: str = Field(unique=True)
    password: str
    added_at: datetime = Field(sa_type=UtcDateTime)


class UserAlias(SQLModel, table=True):
    """A further address a user may send as. An address is one user's, at most."""

    __tablename__ = "user_aliases"

    address: str = Field(primary_key=True)
    folded: str = Field(unique=True)
    user: str = Field(foreign_key="users.address", ondelete="CASCADE", index=True)


def _table(row: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(row.__tablename__)]


meta = _table(Meta)
contents = _table(Content)
packages = _table(Package)
grants = _table(Grant)
outbox = _table(Outbox)
events = _table(Event)
policy_versions = _table(PolicyVersion)
policy_acts = _table(PolicyAct)
decided = _table(Decided)
receipts = _table(Receipt)
holds = _table(Hold)
hold_approvers = _table(HoldApprover)
correspondence = _table(Correspondence)
access_requests = _table(AccessRequest)
sign_in_codes = _table(SignInCode)
sign_in_failures = _table(SignInFailure)
sessions = _table(Session)
users = _table(User)
user_aliases = _table(UserAlias)
metadata = SQLModel.metadata
