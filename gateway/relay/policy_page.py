"""The page on which a domain publishes its MTA-STS policy (RFC 8461 section 3.3).

Promises that a fetch is bounded in bytes, follows no redirect, and believes only a server that has
proved its name. Must never connect to an address that mail may not be sent to.
"""

import asyncio
import io
import ssl
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, cast

from gateway.relay.resolver import Resolver

LARGEST_POLICY = 64 * 1024
LARGEST_ANSWER = LARGEST_POLICY + 16 * 1024  # with the header
OK = 200


class PolicyPage:
    """Fetches policies. For one event loop; time is for its caller to bound."""

    def __init__(
        self, resolver: Resolver, *, port: int = 443, authorities: Path | None = None
    ) -> None:
        self._resolver = resolver
        self._port = port
        self._authorities = authorities
        self._context: ssl.SSLContext | None = None

    async def fetch(self, host: str) -> str:
        """Get the policy file (RFC 8461 section 3.3). Raises OSError, HTTPException, ValueError."""
        found = await self._resolver.addresses(host)
        if not found.records:
            raise ConnectionError("no address that may be used")
        if self._context is None:
            self._context = await asyncio.to_thread(
                ssl.create_default_context, cafile=self._authorities
            )
        reader, writer = await asyncio.open_connection(
            found.records[-1], self._port, ssl=self._context, server_hostname=host
        )
        try:
            writer.write(
                f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {host}\r\n"
                "Accept: text/plain\r\nConnection: close\r\n\r\n".encode("ascii")
            )
            return _body(await _until_end(reader))
        finally:
            writer.transport.abort()


async def _until_end(reader: asyncio.StreamReader) -> bytes:
    answer = bytearray()
    while block := await reader.read(16 * 1024):
        answer += block
        if len(answer) > LARGEST_ANSWER:
            raise ValueError("the answer is too large")
    return bytes(answer)


class _Answer:
    """A whole answer, in the form in which the standard library reads one."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def _body(answer: bytes) -> str:
    response = HTTPResponse(cast("Any", _Answer(answer)))
    response.begin()
    if response.status != OK or response.headers.get_content_type() != "text/plain":
        raise ValueError("not a policy")
    body = response.read(LARGEST_POLICY + 1)
    if len(body) > LARGEST_POLICY:
        raise ValueError("the policy is too large")
    return body.decode("utf-8")
