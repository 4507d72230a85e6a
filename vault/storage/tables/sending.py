"""Mail on its way: what is to be sent, what was accepted, what other servers must prove."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from vault.storage.tables.instant import UtcDateTime


class OutboxState(StrEnum):
    """How far an outbox row has come; all but QUEUED and HELD are final."""

    QUEUED = "queued"
    HELD = "held"  # by an administrator, until released
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outbox(SQLModel, table=True):
    """A mail still to be sent, or its trace: the sealed `payload` is erased when it is final."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due", "state", "urgency", "available_at"),
        Index(  # to clear it away
            "outbox_settled",
            "finished_at",
            sqlite_where=text("finished_at IS NOT NULL"),
            postgresql_where=text("finished_at IS NOT NULL"),
        ),
        Index(
            "outbox_warnings",
            "address",
            "queued_at",
            sqlite_where=text("kind = 'warning'"),
            postgresql_where=text("kind = 'warning'"),
        ),
    )

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


class Receipt(SQLModel, table=True):
    """That a mail was accepted: makes a second sending of it the same deposit."""

    __tablename__ = "receipts"

    mark: bytes = Field(primary_key=True)  # HMAC of author, recipients and content
    accepted_at: datetime = Field(sa_type=UtcDateTime, index=True)
    reference: str
    package_id: str | None = None
    content_id: str | None = Field(default=None, index=True)  # of what was accepted


class MtaStsPolicy(SQLModel, table=True):
    """What a domain has said of its mail servers (RFC 8461), and until when it holds."""

    __tablename__ = "mta_sts_policies"

    domain: str = Field(primary_key=True)
    id: str
    mode: str
    hosts: str  # one a line
    until: datetime = Field(sa_type=UtcDateTime, index=True)
