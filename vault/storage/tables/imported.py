"""What other installations have on record of imported packages: evidence, no acts of ours."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from vault.storage.tables.instant import UtcDateTime
from vault.storage.tables.number import Number


class ImportedHistory(SQLModel, table=True):
    """Whose record of an imported package it is; `place` is its place among them, from 0."""

    __tablename__ = "imported_histories"

    package_id: str = Field(primary_key=True, foreign_key="packages.id")
    place: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    organisation: str
    audit_key: str  # id of the key that signs the trail it comes from


class ImportedLine(SQLModel, table=True):
    """One line of such a record. Only ever added, with the package; no part of our own chain."""

    __tablename__ = "imported_lines"
    __table_args__ = (Index("imported_lines_by_package", "package_id", "place"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
    package_id: str = Field(foreign_key="packages.id")
    place: int  # of the history it belongs to
    at: datetime = Field(sa_type=UtcDateTime)
    act: str  # perhaps a word of a later version
    actor: str
    subject: str
    ip: str
    agent: str
    detail: str
    policy: str
    strand: str
    number: int = Field(sa_type=Number)
    hash: bytes | None = None
