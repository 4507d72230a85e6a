"""The header that a load balancer sends before a connection's first byte: the PROXY protocol.

Version 1 is a line, version 2 is binary (haproxy's proxy-protocol.txt, sections 2.1 and 2.2).
Promises that it is expected from configured addresses and from nobody else, that a connection
which should have one and does not is dropped, and that what follows it is not lost.
Must never wait for it longer than `WAIT`, read more of it than `LONGEST`, nor take a client for the
balancer, which may be trusted.
"""

import asyncio
import ipaddress
import re
from collections.abc import Callable
from typing import Protocol, cast

import structlog

from gateway.smtp.limits import plain_ip

log = structlog.get_logger()

WAIT = 5.0
"""Seconds."""
LONGEST = 2048
"""Bytes, additions of version 2 included."""

NOBODY = "0.0.0.0"  # noqa: S104 - nothing is bound to it: a client that has no address
"""A client that the balancer does not know."""

_LONGEST_LINE = 107  # bytes of version 1
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_HEAD = len(_SIGNATURE) + 4
_LINE = re.compile(rb"PROXY (TCP4|TCP6) ([0-9A-Fa-f:.]{2,45}) [0-9A-Fa-f:.]{2,45} \d{1,5} \d{1,5}")
_ADDRESS_SIZES = {0x11: 4, 0x21: 16}  # TCP over IPv4, TCP over IPv6


class HeaderError(Exception):
    """It is not the header that it should be."""


def read_header(data: bytes) -> tuple[str, bytes] | None:
    """Read a header at the start of what has come; None if it is not complete yet.

    Return the client's address ("" for the balancer itself: a health check; `NOBODY` for a client
    unknown to it) and what follows. Raise HeaderError.
    """
    if data.startswith(_SIGNATURE):
        return _read_binary(data)
    if _SIGNATURE.startswith(data[: len(_SIGNATURE)]):
        return None
    line, end, rest = data.partition(b"\r\n")
    if len(line) + len(end) > _LONGEST_LINE or not (line.startswith(b"PROXY ") or not end):
        raise HeaderError
    if not end:
        if b"PROXY "[: len(line)] != line[:6]:
            raise HeaderError
        return None
    if line == b"PROXY UNKNOWN" or line.startswith(b"PROXY UNKNOWN "):
        return NOBODY, rest
    found = _LINE.fullmatch(line)
    if found is None:
        raise HeaderError
    return _address(found[2].decode(), 4 if found[1] == b"TCP4" else 6), rest


def _read_binary(data: bytes) -> tuple[str, bytes] | None:
    if len(data) < _HEAD:
        return None
    what, family = data[12], data[13]
    size = int.from_bytes(data[14:16], "big")
    if what not in {0x20, 0x21} or _HEAD + size > LONGEST:
        raise HeaderError
    if len(data) < _HEAD + size:
        return None
    rest = data[_HEAD + size :]
    if what == 0x20:  # noqa: PLR2004 - LOCAL: the balancer itself
        return "", rest
    length = _ADDRESS_SIZES.get(family, 0)
    if not length or size < 2 * length + 4:
        raise HeaderError
    return plain_ip((str(ipaddress.ip_address(data[_HEAD : _HEAD + length])),)), rest


def _address(text: str, version: int) -> str:
    try:
        found = ipaddress.ip_address(text)
    except ValueError as error:
        raise HeaderError from error
    if found.version != version:
        raise HeaderError
    return plain_ip((text,))


class Behind(Protocol):
    """What takes the connection over once it is known who the client is."""

    told_peer: str

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""


class Prelude(asyncio.Protocol):
    """Reads the header if the peer is one that sends it, then hands the connection over."""

    def __init__(self, door: Behind, sends_header: Callable[[str], bool]) -> None:
        self._door = door
        self._sends_header = sends_header
        self._data = b""
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look who it is."""
        self._transport = cast("asyncio.Transport", transport)
        if self._sends_header(plain_ip(transport.get_extra_info("peername"))):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(WAIT, self._drop, "nothing")
        else:
            self._hand_over(b"")

    def data_received(self, data: bytes) -> None:
        """Gather the header."""
        self._data += data
        try:
            found = read_header(self._data)
        except (HeaderError, ValueError):
            self._drop("nonsense")
            return
        if found is not None:
            self._stop()
            self._door.told_peer, rest = found
            self._hand_over(rest)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget it."""
        self._stop()

    def _hand_over(self, rest: bytes) -> None:
        transport = self._transport
        transport.set_protocol(cast("asyncio.BaseProtocol", self._door))
        self._door.connection_made(transport)
        if rest and not transport.is_closing():
            _feed(transport.get_protocol(), rest)  # TLS may stand before the door by now

    def _drop(self, what: str) -> None:
        log.warning(
            "smtp.no_proxy_header",
            client_ip=plain_ip(self._transport.get_extra_info("peername")),
            instead=what,
        )
        self._stop()
        self._transport.abort()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _feed(protocol: asyncio.BaseProtocol, data: bytes) -> None:
    """Give a protocol bytes as its transport would have."""
    if not isinstance(protocol, asyncio.BufferedProtocol):
        cast("asyncio.Protocol", protocol).data_received(data)
        return
    while data:
        buffer = memoryview(protocol.get_buffer(len(data)))
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        protocol.buffer_updated(size)
        data = data[size:]
