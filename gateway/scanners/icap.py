"""A scanner behind ICAP (RFC 3507), as virus scanners speak it.

The mail is sent as if it were a web server's response (RESPMOD) or a browser's upload (REQMOD); a
preview goes first where the server asks for one. 204 says that nothing is to be changed. A find is
told in headers that RFC 3507 does not know (draft-stecher-icap-subid, sections 4.5 to 4.7), or by
a page in the place of what was sent.

Promises that only 204, or the mail itself sent back byte for byte, is taken for clean.
"""

import hashlib
import re
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from gateway.scanners.answer import Answer
from gateway.scanners.scanner import (
    LEAD_SIZE,
    UNNAMED,
    Deadline,
    NotScannedError,
    Why,
    led,
    plain_name,
)
from gateway.scanners.wire import Wire

_OK, _CONTINUE, _UNCHANGED = 200, 100, 204
_SERVER_ERROR = 500
_LARGEST_PREVIEW = 64 * 1024
_SHORTEST_TTL, _TTL, _LONGEST_TTL = 10, 300, 3600  # seconds for which OPTIONS are believed
_HTTP_HOST = "sealgate.invalid"
_NAMES = ("x-virus-id", "x-virus-name", "x-fsecure-infection-name")
_NOTHING = frozenset({"", "-", "0", "none", "no", "clean", "no threats", "no virus"})
_INFECTION = re.compile(r"Type=(?P<type>\d+);.*Threat=(?P<name>[^;]*)", re.IGNORECASE | re.DOTALL)
_DIGITS = re.compile(r"[0-9]{1,9}")
_CONTAINER = "2"  # the type of "a container that was not looked into"


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a service said about itself, and until when that holds (monotonic)."""

    preview: int | None
    allows_204: bool
    about: str
    until: float


class Icap:
    """A service of an ICAP server at HOST:PORT. `method` is RESPMOD or REQMOD."""

    def __init__(self, address: str, service: str, method: str = "RESPMOD") -> None:
        self._address = address
        self._service = service.lstrip("/")
        self._method = method
        self._known: _Offer | None = None
        self._lock = threading.Lock()

    def scan(self, content: Iterable[bytes], size: int, deadline: Deadline) -> str | None:
        """Return what was found, None if nothing was. Blocks; raises NotScannedError."""
        offer = self._offer(deadline)
        sent = _Sent(led(content), size + LEAD_SIZE, offer.preview)
        answer = Answer()
        with Wire(self._address, deadline) as wire:
            _whole(wire.exchange(chain([self._head(offer, sent.size)], sent.first()), answer.feed))
            if answer.status == _CONTINUE:
                answer = Answer()
                _whole(wire.exchange(sent.rest(), answer.feed))
        return _read(answer, sent, self._method)

    def about(self, deadline: Deadline) -> str:
        """Return what the service calls itself. Blocks; raises NotScannedError."""
        return self._offer(deadline).about

    def _offer(self, deadline: Deadline) -> _Offer:
        with self._lock:
            known = self._known
        if known is None or known.until < time.monotonic():
            known = self._asked(deadline)
            with self._lock:
                self._known = known
        return known

    def _asked(self, deadline: Deadline) -> _Offer:
        answer = Answer()
        with Wire(self._address, deadline) as wire:
            _whole(
                wire.exchange([self._request("OPTIONS", "Encapsulated: null-body=0")], answer.feed)
            )
        _check(answer.status)
        said = answer.headers
        methods = {word.strip().upper() for word in said.get("methods", "").split(",")}
        if self._method not in methods:
            raise NotScannedError(Why.UNINTELLIGIBLE)
        allowed = {word.strip() for word in said.get("allow", "").split(",")}
        seconds = _number(said.get("options-ttl"))
        ttl = _TTL if seconds is None else min(max(seconds, _SHORTEST_TTL), _LONGEST_TTL)
        preview = _number(said.get("preview"))
        return _Offer(
            preview=None if preview is None else min(preview, _LARGEST_PREVIEW),
            allows_204="204" in allowed,
            about=plain_name(said.get("service") or said.get("server") or "ICAP"),
            until=time.monotonic() + ttl,
        )

    def _request(self, method: str, *lines: str) -> bytes:
        first = f"{method} icap://{self._address}/{self._service} ICAP/1.0"
        head = (first, f"Host: {self._address}", "User-Agent: Sealgate", *lines, "", "")
        return "\r\n".join(head).encode("ascii")

    def _head(self, offer: _Offer, size: int) -> bytes:
        """Return everything before the body: the ICAP request and the HTTP message around it."""
        kind = f"Content-Type: message/rfc822\r\nContent-Length: {size}\r\n\r\n"
        if self._method == "REQMOD":
            inner = [f"POST http://{_HTTP_HOST}/mail.eml HTTP/1.1\r\nHost: {_HTTP_HOST}\r\n{kind}"]
            parts = f"req-hdr=0, req-body={len(inner[0])}"
        else:
            asked = f"GET http://{_HTTP_HOST}/mail.eml HTTP/1.1\r\nHost: {_HTTP_HOST}\r\n\r\n"
            inner = [asked, f"HTTP/1.1 200 OK\r\n{kind}"]
            parts = f"req-hdr=0, res-hdr={len(asked)}, res-body={len(''.join(inner))}"
        lines = ["Allow: 204"] if offer.allows_204 else []
        lines += [f"Preview: {offer.preview}"] if offer.preview is not None else []
        head = self._request(self._method, *lines, f"Encapsulated: {parts}")
        return head + "".join(inner).encode("ascii")


class _Sent:
    """What is sent, in chunks; remembers the digest. `first`, then `rest` if it is asked for."""

    def __init__(self, content: Iterator[bytes], size: int, preview: int | None) -> None:
        self.size = size
        self._content = content
        self._preview = preview
        self._sha256 = hashlib.sha256()

    @property
    def digest(self) -> bytes:
        """The SHA-256 of everything, once everything is sent."""
        return self._sha256.digest()

    def first(self) -> Iterator[bytes]:
        """Yield the preview, or everything where none is wanted (RFC 3507, 4.5)."""
        if self._preview is None:
            yield from self.rest()
            return
        begun = b""
        for piece in self._content:
            begun += piece
            if len(begun) >= self._preview:
                break
        head, tail = begun[: self._preview], begun[self._preview :]
        self._content = chain([tail], self._content)
        yield self._chunk(head)
        yield b"0; ieof\r\n\r\n" if self.size <= self._preview else b"0\r\n\r\n"

    def rest(self) -> Iterator[bytes]:
        """Yield what comes after the preview."""
        for piece in self._content:
            yield self._chunk(piece)
        yield b"0\r\n\r\n"

    def _chunk(self, data: bytes) -> bytes:
        self._sha256.update(data)
        return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _read(answer: Answer, sent: _Sent, method: str) -> str | None:
    """Return what an answer says was found."""
    if name := _named(answer.headers):
        return plain_name(name)
    if answer.status == _UNCHANGED:
        return None
    _check(answer.status)
    back = (answer.size, answer.digest) == (sent.size, sent.digest)
    untouched = answer.http_status == _OK if method == "RESPMOD" else not answer.http_status
    return None if back and untouched else UNNAMED  # something else was put in its place


def _named(headers: dict[str, str]) -> str:
    """Return the name of a find, "" if none is told. Raise NotScannedError."""
    if (told := headers.get("x-infection-found")) is not None:
        found = _INFECTION.search(told)
        if found is not None and found["type"] == _CONTAINER:
            raise NotScannedError(Why.TOO_LARGE)
        return (found["name"].strip() if found else "") or UNNAMED
    for header in _NAMES:
        if (told := headers.get(header, "").strip('"')).lower() not in _NOTHING:
            return told
    count, *lines = headers.get("x-violations-found", "0").split("\n")
    if count.strip().lower() in _NOTHING:
        return ""
    return lines[1] if len(lines) > 1 else UNNAMED  # the first line is a file's name


def _check(status: int) -> None:
    if status != _OK:
        raise NotScannedError(Why.DOWN if status >= _SERVER_ERROR else Why.UNINTELLIGIBLE)


def _whole(heard: bool) -> None:
    if not heard:
        raise NotScannedError(Why.UNINTELLIGIBLE)


def _number(text: str | None) -> int | None:
    return int(text) if text and _DIGITS.fullmatch(text) else None
