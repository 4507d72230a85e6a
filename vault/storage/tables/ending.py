"""The end of a package: what stops its destruction, and the record that it was destroyed."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from vault.storage.tables.instant import UtcDateTime


class LegalHold(SQLModel, table=True):
    """That somebody wants a package kept, whatever its times say. Ended rows stay."""

    __tablename__ = "legal_holds"

    id: str = Field(primary_key=True)
    package_id: str = Field(foreign_key="packages.id", index=True)
    placed_at: datetime = Field(sa_type=UtcDateTime)
    placed_by: str
    why: str
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # to have it ended
    asked_by: str = ""
    asked_why: str = ""
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str = ""


class Destruction(SQLModel, table=True):
    """That the content of a package was destroyed. `certificate` follows when no trace is left."""

    __tablename__ = "destructions"
    __table_args__ = (
        Index(
            "destructions_to_certify",
            "destroyed_at",
            sqlite_where=text("certificate IS NULL"),
            postgresql_where=text("certificate IS NULL"),
        ),
    )

    package_id: str = Field(primary_key=True, foreign_key="packages.id")
    destroyed_at: datetime = Field(sa_type=UtcDateTime)
    cause: str  # a word of `vault.ending.destroying.Cause`
    place: str | None = None  # of the ciphertext in the content store, until it is gone
    certificate: bytes | None = None  # the signed statement, as JSON


class Chore(SQLModel, table=True):
    """Work of housekeeping: which process does it now, until when, and when it was done last."""

    __tablename__ = "chores"

    name: str = Field(primary_key=True)
    holder: str = ""
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
