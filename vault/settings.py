"""Where the safe keeps things, and its limits, as the administrator writes them."""

import ipaddress
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from vault.contents.settings import ContentsSettings

if TYPE_CHECKING:
    from sqlalchemy import URL

FILE_NAME = "sealgate.sqlite"
_SQLITE, _POSTGRESQL = "sqlite:///", "postgresql://"


class Tls(StrEnum):
    """How the line to PostgreSQL is protected."""

    VERIFIED = "verified"  # by a certificate for its name
    REQUIRED = "required"  # by whatever certificate it shows
    NONE = "none"


class VaultSettings(BaseModel):
    """The `[vault]` table of `sealgate.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(
        description="Folder for the database, sealed content and spooled mail. "
        "Its file system must keep what fsync reports as written."
    )
    database: str | None = Field(
        default=None,
        description="Database, as sqlite:////path/to/file on a local disk. Unset: in the folder. "
        "For many nodes: postgresql://user@host:5432/name, without a password, or "
        "postgresql://user@/name?host=/folder/of/its/socket (needs the extra `postgres`).",
    )
    database_password: SecretStr = Field(
        SecretStr(""),
        description="PostgreSQL's password. Better as SEALGATE_VAULT__DATABASE_PASSWORD in the "
        "environment, or in a file:",
    )
    database_password_file: Path | None = Field(
        default=None, description="A file that holds PostgreSQL's password, and nothing else."
    )
    database_tls: Tls = Field(
        default=Tls.VERIFIED,
        description="TLS to PostgreSQL: verified (its certificate must be good for its name), "
        "required (any certificate: against listeners only), none (on this machine only).",
    )
    database_ca: Path | None = Field(
        default=None,
        description="Certificates that vouch for PostgreSQL's. Unset: those of the system.",
    )
    database_certificate: Path | None = Field(
        default=None, description="A certificate to show to PostgreSQL, where it asks for one."
    )
    database_key: Path | None = Field(default=None, description="The key to database_certificate.")
    duplicate_window: timedelta = Field(
        default=timedelta(hours=24),
        gt=timedelta(0),
        description="The same mail sent again within this time is the same package.",
    )
    content_inline_limit: int = Field(
        default=64 * 1024,
        ge=0,
        le=1024 * 1024,
        description="Sealed content of at most this many bytes is kept in the database itself.",
    )
    lock_wait: timedelta = Field(
        default=timedelta(seconds=10),
        gt=timedelta(0),
        description="How long a writer waits for the database before the mail is answered 451.",
    )

    kept_after_expiry: timedelta = Field(
        default=timedelta(days=30),
        ge=timedelta(0),
        description="How long the content of a sealed mail is kept once it has expired, unless "
        "the policy says. Its sender can give more time until then; afterwards it is destroyed.",
    )
    legal_hold_needs_two: bool = Field(
        default=False,
        description="Whether it takes a second administrator to end a legal hold.",
    )
    senders_destroy: bool = Field(
        default=True,
        description="Whether senders may have a message destroyed at once, on its page. "
        "Administrators may: `sealgate package destroy`.",
    )
    export_needs_two: bool = Field(
        default=False,
        description="Whether messages are written out only when two people have said so: then "
        "`sealgate export` refuses, and `sealgate disclosure` is the way.",
    )

    decisions_kept: timedelta = Field(
        default=timedelta(days=30),
        ge=timedelta(0),
        description="How long it is kept how mails were decided, so that a changed policy can be "
        "tried on them: sizes, kinds, domains and keyed hashes, nothing of a mail. 0: not at all.",
    )
    decisions_at_most: int = Field(
        default=500_000,
        ge=0,
        description="How many decisions are kept at most; the oldest go first.",
    )

    contents: ContentsSettings = ContentsSettings()

    @property
    def is_postgresql(self) -> bool:
        """Whether the database is PostgreSQL."""
        return self.database is not None and self.database.startswith(_POSTGRESQL)

    @property
    def database_file(self) -> Path:
        """The file of a SQLite database, which need not exist yet."""
        if self.database is None or self.is_postgresql:
            return self.folder / FILE_NAME
        return Path(self.database.removeprefix(_SQLITE))

    @property
    def database_name(self) -> str:
        """What to call the database when something is said of it."""
        return self.url.render_as_string() if self.is_postgresql else str(self.database_file)

    @property
    def is_begun(self) -> bool:
        """Whether there is a database to look into: a file that nobody has made is not."""
        return self.is_postgresql or self.database_file.exists()

    @property
    def url(self) -> "URL":
        """The database's address; no password is in it."""
        if self.is_postgresql:
            return _read(str(self.database))
        from sqlalchemy import URL  # noqa: PLC0415 - as in `_read`

        return URL.create("sqlite", database=str(self.database_file))

    @field_validator("database")
    @classmethod
    def _known_kind(cls, value: str | None) -> str | None:
        if value is None or (value.startswith(_SQLITE) and value != _SQLITE):
            return value
        if not value.startswith(_POSTGRESQL):
            raise ValueError(
                "write sqlite:////path/to/file, or postgresql://user@host/name for many nodes"
            )
        url = _read(value)
        if url.password is not None:
            raise ValueError(
                "a password does not belong here, where it would be shown: "
                "see vault.database_password_file"
            )
        if not url.username or not url.database or set(url.query) - {"host"}:
            raise ValueError(
                "write postgresql://user@host:5432/name, or sqlite:////path/to/file for one node"
            )
        return value

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.database_password_file and self.database_password.get_secret_value():
            raise ValueError("set database_password or database_password_file, not both")
        away = self.is_postgresql and self.url.host and not _is_here(self.url.host)
        if away and self.database_tls is Tls.NONE:
            raise ValueError("database_tls = none is for a database on this machine only")
        return self


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(address: str) -> "URL":
    """Take the address of a database apart; raises ValueError."""
    # Every command reads the settings, and loading SQLAlchemy takes a tenth of a second.
    from sqlalchemy import make_url  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        return make_url(address)
    except (ArgumentError, ValueError):
        raise ValueError("is no address of a database") from None
