"""A number that may count for decades: of 64 bits wherever that must be said."""

from sqlalchemy import BigInteger, Dialect, Integer
from sqlalchemy.types import TypeDecorator, TypeEngine


class Number(TypeDecorator[int]):
    """A count, a size, or a row's own number. SQLite's INTEGER is as wide as it needs to be."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[int]:
        """Say INTEGER to SQLite: it numbers the rows of no other type."""
        kind = Integer() if dialect.name == "sqlite" else BigInteger()
        return dialect.type_descriptor(kind)
