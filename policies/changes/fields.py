"""The fields of a header block as places in the message.

Promises that a field is all its lines and no more, and that a line which is no field belongs to
none. Must never be trusted with a header that two mail programs would read differently.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.message.shape import Part

_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in lower case, where it begins, and its lines with their ends."""

    name: str
    at: int
    raw: bytes

    @property
    def value(self) -> bytes:
        """What follows the colon, as it stands."""
        return self.raw.partition(b":")[2]


def head_of(part: Part) -> tuple[int, int]:
    """Return where the header block of a part begins and ends."""
    return part.head, part.start


def fields_of(head: bytes, at: int) -> Iterator[Field]:
    """Yield the fields of a header block that begins at `at`."""
    start, name, lines = at, "", b""
    for line in head.splitlines(keepends=True):
        if line[:1] in {b" ", b"\t"} and name:
            lines += line
            continue
        if name:
            yield Field(name, start, lines)
        start += len(lines)
        found = _NAME.match(line)
        name, lines = (found[1].decode("ascii").lower() if found else ""), line
    if name:
        yield Field(name, start, lines)


def signed_names(fields: Iterable[Field]) -> frozenset[str] | None:
    """Return the names that DKIM and ARC signatures cover; None when that cannot be told.

    RFC 6376 section 3.5 (`h=`), RFC 8617 section 4.1.2.
    """
    names: set[str] = set()
    for field in fields:
        if field.name in SIGNATURES:
            listed = re.search(rb"(?:^|;)\s*h\s*=([^;]*)", field.value)
            if listed is None:
                return None
            names.update(b"".join(listed[1].split()).decode("ascii", "replace").lower().split(":"))
    return frozenset(names)


SIGNATURES = frozenset({"dkim-signature", "arc-message-signature", "domainkey-signature"})
