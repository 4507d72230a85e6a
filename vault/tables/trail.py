"""What has happened, and who has written to whom."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from vault.tables.instant import UtcDateTime


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


class Correspondence(SQLModel, table=True):
    """That a sender has written to a recipient: how often, and on which day last. Both folded."""

    __tablename__ = "correspondence"
    __table_args__ = (Index("correspondence_by_day", "last_at"),)

    sender: str = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    times: int = 1
    last_at: datetime = Field(sa_type=UtcDateTime)
