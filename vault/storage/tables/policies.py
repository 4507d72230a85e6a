"""The policies that were in force, and how they decided."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from vault.storage.tables.instant import UtcDateTime
from vault.storage.tables.number import Number


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

    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
    at: datetime = Field(sa_type=UtcDateTime)
    act: str = Field(index=True)
    digest: str = Field(index=True)
    previous: str = ""  # the digest that was in force
    by: str = ""
    why: str = ""  # a line each; words of the policy, never of a mail


class Decided(SQLModel, table=True):
    """What is kept of a decision for a while, so that another policy can be asked about it."""

    __tablename__ = "decided"

    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    policy: str
    facts: str  # JSON; domains, counts and keyed hashes, nothing of a mail
