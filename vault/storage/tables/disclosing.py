"""That packages are to be written out for somebody, and that two people have said so."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from vault.storage.tables.instant import UtcDateTime
from vault.storage.tables.sealed import RequestState


class Disclosure(SQLModel, table=True):
    """One person asks to have packages written out, another decides. Rows are never deleted."""

    __tablename__ = "disclosures"

    id: str = Field(primary_key=True)
    selection: str  # JSON of vault.exchange.folder.Selection
    why: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    asked_by: str
    state: str = RequestState.PENDING
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str = ""
    decided_why: str = ""
