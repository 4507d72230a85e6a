"""Where the safe keeps things, and its limits, as the administrator writes them."""

from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vault.contents.settings import ContentsSettings

FILE_NAME = "sealgate.sqlite"


class VaultSettings(BaseModel):
    """The `[vault]` table of `sealgate.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(
        description="Folder for the database, sealed content and spooled mail. "
        "Its file system must keep what fsync reports as written."
    )
    database: str | None = Field(
        default=None,
        description="Database, as sqlite:////path/to/file on a local disk. Unset: in the folder.",
    )
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
    def database_file(self) -> Path:
        """The database's file, which need not exist yet."""
        if self.database is None:
            return self.folder / FILE_NAME
        return Path(self.database.removeprefix("sqlite:///"))

    @field_validator("database")
    @classmethod
    def _sqlite_file(cls, value: str | None) -> str | None:
        if value is not None and (not value.startswith("sqlite:///") or value == "sqlite:///"):
            raise ValueError("only SQLite files are supported: sqlite:////path/to/file")
        return value
