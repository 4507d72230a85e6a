"""What has happened, the proof of it, and who has written to whom."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from vault.storage.tables.instant import UtcDateTime
from vault.storage.tables.number import Number


class Event(SQLModel, table=True):
    """One line of the audit trail. Only ever added. No foreign key: it outlives the package."""

    __tablename__ = "events"
    __table_args__ = (
        Index("events_by_package", "package_id", "at"),
        Index(
            "events_of_warnings",
            "subject",
            "id",
            sqlite_where=text("act = 'sender:warned'"),
            postgresql_where=text("act = 'sender:warned'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
    at: datetime = Field(sa_type=UtcDateTime)
    act: str
    package_id: str | None = None
    actor: str = ""
    subject: str = ""  # whom it concerns, never a mail's subject
    ip: str = ""
    agent: str = ""
    detail: str = ""
    policy: str = ""  # digest of the policy that decided, where one did
    strand: str = ""  # whose line it is (vault.trail.strands); "" before there was a chain
    number: int = 0  # its place in the strand, from 1
    hash: bytes | None = (
        None  # over the hash before it and all columns but `id` (vault.trail.chain)
    )


class Strand(SQLModel, table=True):
    """Where the lines of one writing process end. A sign for processes; heads are the proof."""

    __tablename__ = "strands"

    name: str = Field(primary_key=True)
    writer: str  # machine and process
    begun_at: datetime = Field(sa_type=UtcDateTime)
    number: int  # of its last line
    tip: bytes  # hash of its last line


class SignedStrand(SQLModel, table=True):
    """How much of a strand heads have signed. Apart from `Strand`, so that no writer waits."""

    __tablename__ = "strands_signed"

    name: str = Field(primary_key=True)
    number: int  # the last line that a head has signed


class Head(SQLModel, table=True):
    """A signed statement of where every strand ended at a moment. Only ever added."""

    __tablename__ = "audit_heads"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcDateTime)
    lines: int  # of the whole trail
    body: str  # JSON; the strands that have grown, and the hash of the head before
    hash: bytes  # SHA-256 of the body
    key_id: str
    signature: bytes


class Correspondence(SQLModel, table=True):
    """That a sender has written to a recipient: how often, and on which day last. Both folded."""

    __tablename__ = "correspondence"
    __table_args__ = (Index("correspondence_by_day", "last_at"),)

    sender: str = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    times: int = 1
    last_at: datetime = Field(sa_type=UtcDateTime)
