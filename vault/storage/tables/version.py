"""Facts about the database itself."""

from sqlmodel import Field, SQLModel


class Meta(SQLModel, table=True):
    """Facts about the database itself: `schema_version`."""

    __tablename__ = "meta"

    name: str = Field(primary_key=True)
    value: str
