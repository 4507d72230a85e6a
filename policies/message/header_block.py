"""Cuts a block of header lines into fields, and reads the fields that shape a message.

Promises to take any bytes within the limits given and to say in plain English what is ambiguous.
Obsolete but legal forms (white space before the colon, folds of white space only) are read
without complaint. Must never raise.
"""

from dataclasses import dataclass, field

from policies.message.parameters import Structured, boundary_of, is_token, structured
from policies.message.shape import Header, Limits

_IDENTITY = frozenset(
    [
        "7bit",
        "8bit",
        "binary",
        "7-bit",
        "8-bit",
        "7bits",
        "8bits",
        "none",
        "utf-8",
        "us-ascii",
        "ascii",
        "iso-8859-1",
    ]
)
_ENCODED = frozenset(
    ["base64", "quoted-printable", "uuencode", "x-uuencode", "x-uue", "uue", "x-yencode"]
)
_ADDRESSED = frozenset(
    [
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "resent-from",
        "resent-sender",
        "resent-to",
        "resent-cc",
        "resent-bcc",
    ]
)
_READ_AS_SUBJECT = frozenset({"subject", "thread-topic"})
_LONGEST_NAME = 998  # bytes of a field name, blanks before the colon included
_ONLY_ONE = ("from", "sender")


@dataclass(slots=True)
class Block:
    """The fields of one header block, and what was wrong with it."""

    headers: list[Header] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def values(self, name: str) -> list[bytes]:
        """List the raw values of the fields of this name (lower case)."""
        return [header.raw for header in self.headers if header.name.lower() == name]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a block says of the body below it."""

    content_type: str
    encoding: str
    disposition: str
    names: tuple[str, ...]
    charset: str
    boundary: bytes

    @property
    def holds_parts(self) -> bool:
        """Whether the body is cut by a boundary."""
        return self.content_type.startswith("multipart/") and bool(self.boundary)

    @property
    def holds_message(self) -> bool:
        """Whether the body is a message of its own, readable as it stands."""
        return (
            self.content_type in {"message/rfc822", "message/global", "message/news"}
            and self.encoding in _IDENTITY
        )


def read_block(text: bytes, limits: Limits) -> Block:
    """Cut a header block into fields (RFC 5322, 2.2), read up to the limit on their number."""
    block = Block()
    name: str | None = None
    value: list[bytes] = []
    unnamed = b""  # a line without a colon: it may stand in the fold below
    for line in text.split(b"\n"):
        if not line or line == b"\r":
            continue
        if line[:1] in {b" ", b"\t"}:
            if name is None:
                block.problems.append("a header block that begins with a continuation line")
                unnamed = (unnamed.rstrip() + line)[:_LONGEST_NAME]
                if name := _field_name(unnamed):
                    value = [line[line.index(b":") + 1 :]]
                continue
            value.append(line)
            continue
        _keep(block, name, value)
        if len(block.headers) >= limits.headers:
            block.problems.append(f"more than {limits.headers} header lines")
            return block
        name, value, unnamed = _field_name(line), [], line
        if name is None:
            block.problems.append("a header line without a colon")
        else:
            value.append(line[line.index(b":") + 1 :])
    _keep(block, name, value)
    return block


def _keep(block: Block, name: str | None, value: list[bytes]) -> None:
    if name is not None:
        block.headers.append(Header(name, b"\n".join(value).removesuffix(b"\r")))


def _field_name(line: bytes) -> str | None:
    name = line.partition(b":")[0].rstrip(b" \t")
    printable = name and b":" in line and min(name) > ord(" ") and max(name) < 0x7F  # noqa: PLR2004 - DEL
    return name.decode("ascii") if printable else None


def check_message(block: Block, limits: Limits) -> int:
    """Add what is wrong with the headers of the message itself; return the number of addresses."""
    for name in _ONLY_ONE:
        if len(block.values(name)) > 1:
            block.problems.append(f"more than one {name.capitalize()} line")
    addresses = 0
    for header in block.headers:
        lowered = header.name.lower()
        if lowered in _ADDRESSED:
            addresses += max(header.raw.count(b"@"), header.raw.count(b",") // 2)
        elif lowered in _READ_AS_SUBJECT and len(header.value) > limits.subject_bytes:
            block.problems.append(f"a {header.name} longer than {limits.subject_bytes} bytes")
    if addresses > limits.addresses:
        block.problems.append(f"more than {limits.addresses} addresses")
    return addresses


def kind_of(block: Block, default: str) -> Kind:
    """Tell what the block declares its body to be; doubts are added to its problems."""
    raw = _only(block, "content-type")
    declared = structured(raw)
    content_type = _content_type(block, declared, raw, default)
    encoding = _encoding(block)
    disposition = structured(_only(block, "content-disposition"))
    names = (*disposition.texts(b"filename"), *declared.texts(b"name"))
    boundary = b""
    if content_type.startswith("multipart/"):
        boundary, doubt = boundary_of(declared, raw)
        _add(block, doubt)
        if encoding not in _IDENTITY:
            block.problems.append(f"a multipart that says it is in {encoding}")
    _add(block, declared.doubt or disposition.doubt)
    charset = declared.all(b"charset")
    return Kind(
        content_type,
        encoding,
        disposition.value,
        tuple(dict.fromkeys(names)),
        charset[0].decode("ascii", "replace").lower() if charset else "",
        boundary,
    )


def _only(block: Block, name: str) -> bytes:
    """Give the one value of a field that shapes the body; differing duplicates are a problem."""
    values = block.values(name)
    if len({b"".join(value.split()).lower() for value in values}) > 1:
        block.problems.append(f"{len(values)} different {name.title()} lines in one part")
    return values[0] if values else b""


def _content_type(block: Block, declared: Structured, raw: bytes, default: str) -> str:
    main, slash, sub = declared.value.partition("/")
    if slash and is_token(main.encode()) and is_token(sub.encode()):
        return declared.value
    lowered = raw.lower()
    if b"multipart" in lowered or b"message" in lowered:
        block.problems.append("a Content-Type that cannot be read")
    return default if not declared.value else "text/plain"


def _encoding(block: Block) -> str:
    value = structured(_only(block, "content-transfer-encoding")).value
    if value and value not in _IDENTITY and value not in _ENCODED:
        block.problems.append("an unknown Content-Transfer-Encoding")
    return value or "7bit"


def _add(block: Block, problem: str) -> None:
    if problem:
        block.problems.append(problem)
