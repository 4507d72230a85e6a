"""A small authoritative DNS server for tests, on loopback, by UDP and TCP.

    async with Names({"partner.example": {"MX": ["10 mx.partner.example."]}}) as names:
        DnsSettings(servers=[f"127.0.0.1:{names.port}"], ...)

It plays the trusted resolver as well: answers about names in `secure` carry the AD bit, as from one
that checks DNSSEC. `broken` names are answered SERVFAIL, `silent` ones not at all. What is not in
the zone does not exist.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self, cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Mapping[str, Sequence[str]]]
TTL = 60


class Names(asyncio.DatagramProtocol):
    """The server. `asked` holds what was asked, as (name, kind)."""

    def __init__(self, zone: Zone) -> None:
        self.zone = {name.lower(): {k: list(v) for k, v in of.items()} for name, of in zone.items()}
        self.secure: set[str] = set()
        self.broken: set[tuple[str, str]] = set()
        self.silent: set[tuple[str, str]] = set()
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        while True:  # until a port is free both by TCP and by UDP
            self._tcp = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            self.port = int(self._tcp.sockets[0].getsockname()[1])
            try:
                at = ("127.0.0.1", self.port)
                self._udp, _ = await loop.create_datagram_endpoint(lambda: self, at)
            except OSError:
                self._tcp.close()
            else:
                return self

    async def __aexit__(self, *why: object) -> None:
        self._udp.close()
        self._tcp.close()
        await self._tcp.wait_closed()
        await asyncio.sleep(0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self.answer(data)
        if answer is not None:
            wire = answer.to_wire(max_size=65535)
            if len(wire) > 1232:
                answer.answer.clear()
                answer.flags |= dns.flags.TC
                wire = answer.to_wire(max_size=65535)
            self._transport.sendto(wire, addr)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            length = int.from_bytes(await reader.readexactly(2))
            answer = self.answer(await reader.readexactly(length))
            if answer is not None:
                wire = answer.to_wire(max_size=65535)
                writer.write(len(wire).to_bytes(2) + wire)
                await writer.drain()
        finally:
            writer.close()

    def answer(self, data: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(data)
        (question,) = query.question
        name = question.name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if (name, kind) in self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if (name, kind) in self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        response.set_rcode(dns.rcode.NOERROR if self._known(name) else dns.rcode.NXDOMAIN)
        at, secure = name, name in self.secure
        for _ in range(4):
            records = self.zone.get(at, {})
            if records.get(kind):
                response.answer.append(
                    dns.rrset.from_text_list(f"{at}.", TTL, "IN", kind, records[kind])
                )
            alias = records.get("CNAME")
            if not alias or kind == "CNAME":
                break
            response.answer.append(dns.rrset.from_text_list(f"{at}.", TTL, "IN", "CNAME", alias))
            at = alias[0].rstrip(".").lower()
            secure = secure and at in self.secure
        if secure:
            response.flags |= dns.flags.AD
        return response

    def _known(self, name: str) -> bool:
        return name in self.zone or any(other.endswith(f".{name}") for other in self.zone)
