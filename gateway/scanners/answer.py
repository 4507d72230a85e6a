"""One answer of an ICAP server, read while it arrives (RFC 3507, sections 4.3 and 4.4).

A status line and headers; where `Encapsulated` says so, the headers of an HTTP message follow, and
its body in chunks. Promises bounded memory whatever arrives: of a body only its length and digest
are kept. Anything that is not such an answer raises NotScannedError.
"""

import hashlib
import re
from collections.abc import Generator

from gateway.scanners.scanner import NotScannedError, Why

_LONGEST_HEAD = 64 * 1024
_LONGEST_LINE = 1024
_STATUS = re.compile(r"(?:ICAP|HTTP)/\d\.\d (\d{3})(?: .*)?")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?")
_PART = re.compile(r"([a-z]{3,4}-[a-z]{3,4})=(\d{1,6})")
_BODIES = frozenset({"req-body", "res-body", "opt-body"})
_Steps = Generator[None, None, None]


class Answer:
    """`feed` it until it says that it is whole; then `status` and the rest say what was answered.

    `headers` have names in small letters, and a newline where a line was folded. `parts` are what
    is encapsulated; `http_status` is that of an encapsulated response, 0 if there is none. `size`
    and `digest` (SHA-256) describe the body.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.parts: dict[str, int] = {}
        self.http_status = 0
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._buffer = bytearray()
        self._whole = False
        self._reading = self._read()

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the body."""
        return self._sha256.digest()

    @property
    def has_body(self) -> bool:
        """Whether an encapsulated body comes, or came, with it."""
        return not _BODIES.isdisjoint(self.parts)

    def feed(self, data: bytes) -> bool:
        """Take what arrived; return whether the answer is whole. Raise NotScannedError."""
        self._buffer += data
        next(self._reading, None)
        return self._whole

    # Each step yields when it needs more.

    def _read(self) -> _Steps:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._bound(_LONGEST_HEAD)
            yield
        self._read_head(self._take(end + 4))
        length = max(self.parts.values(), default=0)
        while len(self._buffer) < length:
            self._bound(_LONGEST_HEAD)
            yield
        self._read_http(self._take(length))
        if self.has_body:
            yield from self._read_body()
        self._whole = True

    def _read_body(self) -> _Steps:
        while missing := _chunk_size((yield from self._read_line())):
            while missing:
                if not self._buffer:
                    yield
                piece = self._take(min(missing, len(self._buffer)))
                self._sha256.update(piece)
                self.size += len(piece)
                missing -= len(piece)
            if (yield from self._read_line()):
                raise NotScannedError(Why.UNINTELLIGIBLE)
        while (yield from self._read_line()):
            pass  # a trailer

    def _read_line(self) -> Generator[None, None, bytes]:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._bound(_LONGEST_LINE)
            yield
        return self._take(end + 2)[:-2]

    def _bound(self, limit: int) -> None:
        if len(self._buffer) > limit:
            raise NotScannedError(Why.UNINTELLIGIBLE)

    def _take(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        self.status = _status(first)
        name = ""
        for line in lines:
            if line[:1] in {" ", "\t"} and name:
                self.headers[name] += f"\n{line.strip()}"
                continue
            name, colon, value = line.partition(":")
            if not colon:
                raise NotScannedError(Why.UNINTELLIGIBLE)
            name = name.strip().lower()
            self.headers[name] = value.strip()
        for part in filter(None, self.headers.get("encapsulated", "").split(",")):
            found = _PART.fullmatch(part.strip())
            if found is None or int(found[2]) > _LONGEST_HEAD:
                raise NotScannedError(Why.UNINTELLIGIBLE)
            self.parts[found[1]] = int(found[2])

    def _read_http(self, head: bytes) -> None:
        if "res-hdr" in self.parts:
            response = head[self.parts["res-hdr"] :].decode("latin-1")
            self.http_status = _status(response.partition("\r\n")[0])


def _status(line: str) -> int:
    found = _STATUS.fullmatch(line)
    if found is None:
        raise NotScannedError(Why.UNINTELLIGIBLE)
    return int(found[1])


def _chunk_size(line: bytes) -> int:
    found = _SIZE.fullmatch(line)
    if found is None:
        raise NotScannedError(Why.UNINTELLIGIBLE)
    return int(found[1], 16)
