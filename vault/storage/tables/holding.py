"""Mail that waits to be fixed or approved."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from vault.storage.tables.instant import UtcDateTime
from vault.storage.tables.number import Number


class HoldState(StrEnum):
    """How a held mail stands; all but HELD are final, and their content is destroyed."""

    HELD = "held"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"  # by an approver
    EXPIRED = "expired"


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
    size: int = Field(sa_type=Number)  # of the message, in bytes
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
