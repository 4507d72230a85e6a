"""The values of a message outline: limits, headers, parts, and the outline of them all.

Promises plain frozen values with no way back to the message. Must never hold any of a body.
"""

from dataclasses import dataclass

from policies.text import charsets
from policies.text.encoded_words import TEXT_LIMIT, unfold


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a message is read before it is called uninspectable. Bytes and counts."""

    header_bytes: int = 256 * 1024  # one block of headers
    headers: int = 1000  # header fields in one block
    part_header_bytes: int = 1024 * 1024  # the header blocks of all inner parts together
    parts: int = 1000
    depth: int = 30  # levels of multipart and attached message
    addresses: int = 1000  # in the address headers of the message itself
    subject_bytes: int = TEXT_LIMIT  # of a header line that people read as a subject


@dataclass(frozen=True, slots=True)
class Header:
    """One header field. `raw` follows the colon, still folded, without the last line end."""

    name: str
    raw: bytes

    @property
    def value(self) -> bytes:
        """The value on one line, without white space at either end."""
        return unfold(self.raw)


@dataclass(frozen=True, slots=True)
class Part:
    """One node of the tree, in the order of the message, which is itself the first, at depth 0."""

    depth: int
    content_type: str  # lower case; "text/plain" where nothing is declared
    filename: str  # the name most readers show, decoded; "" for none
    disposition: str  # "attachment", "inline" or ""
    encoding: str  # Content-Transfer-Encoding in lower case; "7bit" where nothing is declared
    size: int  # bytes of the body as encoded
    names: tuple[str, ...] = ()  # every name some reader may show, `filename` among them
    charset: str = ""
    head: int = 0  # where its header block begins in the message
    start: int = 0  # where its body begins

    @property
    def end(self) -> int:
        """Where its body ends: before the line end that belongs to the boundary after it."""
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Outline:
    """What can be known of a message without keeping it. No `problems`: it is inspectable."""

    headers: tuple[Header, ...] = ()
    parts: tuple[Part, ...] = ()
    problems: tuple[str, ...] = ()
    header_size: int = 0  # bytes of the top header block, without its blank line
    header_count: int = 0
    address_count: int = 0
    size: int = 0
    has_8bit: bool = False
    header_8bit: bool = False  # in the header of the message or of a part
    has_nul: bool = False

    def all(self, name: str) -> list[bytes]:
        """List the unfolded values of every header of this name, in order."""
        wanted = name.lower()
        return [header.value for header in self.headers if header.name.lower() == wanted]

    def first(self, name: str) -> str | None:
        """Give the first value of this name as text, encoded words not decoded; None for none."""
        values = self.all(name)
        return charsets.undeclared(values[0])[0] if values else None
