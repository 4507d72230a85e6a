"""Sealed mail: its ciphertext, the package, who may open it, and who asks for access."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from vault.storage.tables.instant import UtcDateTime
from vault.storage.tables.number import Number


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


class RequestState(StrEnum):
    """How far a request for access has come."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"


class Content(SQLModel, table=True):
    """Ciphertext, inline or in the content folder. Exactly one of `inline` and `place` is set."""

    __tablename__ = "contents"
    __table_args__ = (  # to see whether a file of the content store is anybody's
        Index(
            "contents_by_place",
            "place",
            sqlite_where=text("place IS NOT NULL"),
            postgresql_where=text("place IS NOT NULL"),
        ),
    )

    id: str = Field(primary_key=True)  # the spool's id, to which the ciphertext is bound
    inline: bytes | None = None
    place: str | None = None  # id in the content folder
    size: int = Field(sa_type=Number)  # of the plaintext, in bytes
    created_at: datetime = Field(sa_type=UtcDateTime)


class Package(SQLModel, table=True):
    """A sealed mail. `wrapped` is its content key under the vault key; without it, no content."""

    __tablename__ = "packages"
    __table_args__ = (
        Index("packages_by_owner", "owner", "sealed_at"),
        Index(
            "packages_due",
            "destroy_at",
            "expires_at",
            sqlite_where=text("wrapped IS NOT NULL"),
            postgresql_where=text("wrapped IS NOT NULL"),
        ),
        Index(
            "packages_to_report",
            "report_at",
            sqlite_where=text("report_at IS NOT NULL"),
            postgresql_where=text("report_at IS NOT NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    reference: str = Field(unique=True)
    author: str
    owner: str
    sealed_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reply_allowed: bool = True
    view_only: bool = False
    sign_in: str = "code"  # the weakest sign-in that opens it: a word of `vault.packages.strength`
    protection: str = "normal"
    open_hours: str = ""  # as `vault.packages.hours` writes them; "": always
    kept_after_expiry: int | None = None  # seconds; None in what an earlier version kept
    retention: int | None = None  # seconds that content without a time limit is kept; None: on
    destroy_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # of the content
    reminders: int = 0  # to each recipient who has not opened it, at most
    report_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # to its owner, next
    conversation: str = Field(index=True)
    message_mark: bytes | None = Field(default=None, index=True)  # HMAC of the Message-ID
    size: int = Field(sa_type=Number)  # of the message, in bytes
    content_id: str | None = Field(default=None, foreign_key="contents.id", index=True)
    wrapped: bytes | None = None
    second_lock: bytes | None = None  # salt of the words without which `wrapped` opens nothing
    summary: bytes  # sealed under the content key
    policy: str = ""
    because: str = "[]"  # JSON list of the reasons, which hold no matched value
    found: str = "{}"  # JSON: how many different values each detector found, and none of them


class Grant(SQLModel, table=True):
    """That an address may open a package. Matched by the exact address, byte for byte."""

    __tablename__ = "grants"
    __table_args__ = (
        UniqueConstraint("package_id", "address"),
        Index(
            "grants_to_remind",
            "remind_at",
            sqlite_where=text("remind_at IS NOT NULL"),
            postgresql_where=text("remind_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
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
    reminded: int = 0  # how often
    remind_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # next; None: no more


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
    package_id: str = Field(foreign_key="packages.id", index=True)
    requester: str = Field(index=True)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    state: str = RequestState.PENDING
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
