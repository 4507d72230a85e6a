"""Those who may submit mail."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from vault.storage.tables.instant import UtcDateTime


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
