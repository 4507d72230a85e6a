"""How much the SMTP door puts up with: counts, times, and who may come in at all.

Promises that no client can make us hold unbounded memory, sockets or time. Must never turn away
an honest client because of another one's address: connections are counted per address.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.settings import IpNetwork, SmtpSettings
from gateway.smtp import replies
from gateway.smtp.replies import Reply

CHUNK = 256 << 10
"""Bytes read at once during DATA."""

READ_AHEAD = 64 << 10
"""Bytes the reader holds before it stops reading (it may hold twice this, and one receive)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Counts are per connection unless they say otherwise; times are in seconds."""

    message_bytes: int = 50 << 20
    recipients: int = 100
    messages: int = 200
    commands: int = 2000  # since the last message that was taken
    idle_commands: int = 100  # of those that bring no mail nearer: NOOP, RSET, EHLO, VRFY …
    errors: int = 20  # protocol errors, not refused addresses
    auth_tries: int = 3
    command_line: int = 4096  # bytes; RFC 5321 asks for 512 at least, extensions for more
    auth_line: int = 12288  # bytes; RFC 4954 section 4.5.3
    connections: int = 500  # all together
    connections_per_ip: int = 50
    user_messages: int = 0  # within an hour; 0: no limit
    user_recipients: int = 0
    greeting_pause: float = 0.02  # whoever speaks within it has not waited for the greeting
    handshake: float = 30
    idle: float = 300
    data: float = 3600
    data_rate: int = 512  # bytes a second, averaged, once `data_rate_after` has passed
    data_rate_after: float = 60
    data_linger: float = 5  # silence after which a mail that is refused anyway is over
    commit: float = 600
    linger: float = 1  # for a refused client to hear why
    hang_up: float = 10  # for a client that does not take our last words

    @classmethod
    def of(cls, settings: SmtpSettings) -> "Limits":
        """Return what the administrator decided."""
        return cls(
            message_bytes=int(settings.max_message),
            recipients=settings.recipients,
            messages=settings.messages,
            connections=settings.connections,
            connections_per_ip=settings.connections_per_ip,
            user_messages=settings.user_messages,
            user_recipients=settings.user_recipients,
            handshake=settings.handshake_seconds,
            idle=settings.idle_seconds,
            data=settings.data_seconds,
            data_rate=settings.data_bytes_per_second,
            commit=settings.commit_seconds,
        )

    def shared_by(self, processes: int) -> "Limits":
        """Return what each of several processes on the same ports puts up with.

        The kernel spreads connections evenly, but not exactly: an address that keeps almost as many
        as it may can be turned away a few early. Together they never take more than was decided,
        but for rounding.
        """
        return replace(
            self,
            connections=-(-self.connections // processes),
            connections_per_ip=-(-self.connections_per_ip // processes),
        )

    def too_slow(self, received: int, elapsed: float) -> bool:
        """Say whether a mail of `received` bytes so far comes too slowly, after `elapsed` s."""
        if elapsed > self.data:
            return True
        return elapsed > self.data_rate_after and received < self.data_rate * elapsed


class Networks:
    """Addresses that somebody has listed: `ip in networks`."""

    def __init__(self, networks: Iterable[IpNetwork] = ()) -> None:
        self._networks = tuple(networks)

    def __contains__(self, ip: str) -> bool:
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def __bool__(self) -> bool:
        return bool(self._networks)


class Gate:
    """Counts who is inside, all together and by address."""

    def __init__(self, limits: Limits, trusted: Iterable[IpNetwork] = ()) -> None:
        self._limits = limits
        self._trusted = Networks(trusted)
        self._inside: Counter[str] = Counter()
        self._total = 0

    @property
    def inside(self) -> int:
        """How many connections there are."""
        return self._total

    def trusts(self, ip: str) -> bool:
        """Whether `ip` lies in a trusted network."""
        return ip in self._trusted

    def enter(self, ip: str) -> Reply | None:
        """Count a connection in and return None, or return why it is turned away."""
        if self._total >= self._limits.connections:
            return replies.HOUSE_FULL
        if self._inside[ip] >= self._limits.connections_per_ip and not self.trusts(ip):
            return replies.TOO_MANY_FROM_YOU
        self._total += 1
        self._inside[ip] += 1
        return None

    def leave(self, ip: str) -> None:
        """Count a connection out again."""
        self._total -= 1
        self._inside[ip] -= 1
        if not self._inside[ip]:
            del self._inside[ip]


def plain_ip(peername: object) -> str:
    """Return the address in a socket's peer name, IPv4-mapped IPv6 as IPv4, or an empty text."""
    if not isinstance(peername, tuple) or not peername:
        return ""
    try:
        address = ipaddress.ip_address(str(peername[0]).split("%", 1)[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


class Budget:
    """What is left of one connection's allowances."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._commands = 0
        self._idle = 0
        self._errors = 0
        self._messages = 0

    def command(self, *, useful: bool) -> Reply | None:
        """Count a command; return the last words when there have been too many."""
        self._commands += 1
        self._idle += not useful
        if self._commands > self._limits.commands or self._idle > self._limits.idle_commands:
            return replies.TOO_MANY_COMMANDS
        return None

    def error(self) -> Reply | None:
        """Count a protocol error; return the last words when there have been too many."""
        self._errors += 1
        return replies.TOO_MANY_ERRORS if self._errors > self._limits.errors else None

    def message(self) -> None:
        """Count a message; the others start again."""
        self._messages += 1
        self._commands = self._idle = self._errors = 0

    def another_message(self) -> Reply | None:
        """Return the last words when this connection has brought enough messages."""
        return replies.TOO_MANY_MESSAGES if self._messages >= self._limits.messages else None
