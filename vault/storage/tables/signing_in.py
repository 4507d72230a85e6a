"""Signing in: codes, wrong tries and sessions of those who read, guesses of those who send."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from vault.storage.tables.instant import UtcDateTime


class SignInCode(SQLModel, table=True):
    """A mailed code. Only peppered hashes of the code and of the browser's visit are kept."""

    __tablename__ = "sign_in_codes"
    __table_args__ = (
        Index("sign_in_codes_by_address", "folded", "asked_at"),
        Index("sign_in_codes_by_network", "network", "asked_at"),
        Index("sign_in_codes_old", "asked_at"),
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
    __table_args__ = (Index("sessions_idle", "seen_at"),)

    token: bytes = Field(primary_key=True)
    id: str = Field(unique=True)
    identity: str = Field(index=True)
    begun_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    ip: str = ""
    agent: str = ""


class Guess(SQLModel, table=True):
    """Wrong passwords at the SMTP door, counted by address, by account or by both together."""

    __tablename__ = "guesses"

    mark: bytes = Field(primary_key=True)  # a hash: what was typed as a name may be a password
    failures: int
    failed_at: datetime = Field(sa_type=UtcDateTime, index=True)
    turn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the next try, at soonest


class KnownPlace(SQLModel, table=True):
    """That an account's user has signed in from an address before."""

    __tablename__ = "known_places"

    mark: bytes = Field(primary_key=True)
    seen_at: datetime = Field(sa_type=UtcDateTime, index=True)  # of the last sign-in, to the day
