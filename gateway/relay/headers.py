"""What a relayed mail gains and loses in its header: a trace line, and its Bcc.

Promises that every byte it does not remove is the sender's, in order: signatures stay valid.
Must never name a recipient to another, and must never parse and write again.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import format_datetime
from ipaddress import IPv6Address, ip_address
from typing import Literal

from vault.address import Address

# RFC 3848, RFC 6531 section 4.3
Protocol = Literal[
    "ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA", "UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA"
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,254}|\[[A-Fa-f0-9:.]{2,50}\]")
_TOKEN = re.compile(r"[A-Za-z0-9.-]{1,64}")
# RFC 5322 section 4.5.8 lets blanks stand before the colon. More than this is Bcc in any case.
MOST_BLANKS = 998


def protocol(*, tls: bool, authenticated: bool, utf8: bool = False) -> Protocol:
    """Return the keyword for how a mail came in."""
    table: dict[tuple[bool, bool, bool], Protocol] = {
        (False, False, False): "ESMTP",
        (True, False, False): "ESMTPS",
        (False, True, False): "ESMTPA",
        (True, True, False): "ESMTPSA",
        (False, False, True): "UTF8SMTP",
        (True, False, True): "UTF8SMTPS",
        (False, True, True): "UTF8SMTPA",
        (True, True, True): "UTF8SMTPSA",
    }
    return table[tls, authenticated, utf8]


def received_header(
    *,
    helo: str,
    peer_ip: str,
    host: str,
    how: Protocol,
    reference: str,
    recipients: tuple[Address, ...],
    at: datetime,
) -> bytes:
    """Return a Received field with its CRLF (RFC 5321 section 4.4).

    `helo` is what the client claimed and is left out unless it is a plain name. A recipient is
    named only if there is no other, so that nobody learns of a Bcc. Raise ValueError for a host,
    reference or peer that is not what it says.
    """
    if _NAME.fullmatch(host) is None or _TOKEN.fullmatch(reference) is None:
        raise ValueError("a host or reference that cannot stand in a header")
    ip = ip_address(peer_ip)
    literal = f"[IPv6:{ip}]" if isinstance(ip, IPv6Address) else f"[{ip}]"
    claimed = helo if _NAME.fullmatch(helo) else "unknown"
    named = f"\r\n\tfor <{recipients[0]}>" if len(recipients) == 1 else ""
    return (
        f"Received: from {claimed} ({literal})\r\n"
        f"\tby {host} with {how} id {reference}{named};\r\n"
        f"\t{format_datetime(at)}\r\n"
    ).encode()  # beyond ASCII a recipient alone, who can be reached by SMTPUTF8 alone


def drop_headers(chunks: Iterable[bytes], names: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a mail without the fields called `names` and their folded lines.

    Only the first header is looked at, that is everything before the first empty line. Chunks
    may be cut anywhere; memory stays within one chunk and MOST_BLANKS.
    """
    wanted = tuple(names)
    source = iter(chunks)
    if not wanted:
        yield from source
        return
    header = _Header(wanted)
    for chunk in source:
        yield header.feed(chunk)
        if header.ended:
            yield from source
            return
    yield header.finish()


class _Header:
    """A header on its way through, a line at a time. `ended` after the empty line."""

    def __init__(self, names: tuple[bytes, ...]) -> None:
        either = b"|".join(re.escape(name) for name in names)
        self._unwanted = re.compile(
            rb"(?:%s)(?:[ \t]*:|[ \t]{%d})" % (either, MOST_BLANKS), re.IGNORECASE
        )
        self._enough = max(map(len, names)) + MOST_BLANKS
        self._held = b""  # the start of a line that does not say yet what it is
        self._dropping = False
        self._line_start = True
        self.ended = False

    def feed(self, chunk: bytes, *, last: bool = False) -> bytes:
        """Return what may pass of what has come so far."""
        data = self._held + chunk
        self._held = b""
        kept = []
        at = 0
        while at < len(data):
            end = data.find(b"\n", at) + 1
            if self._line_start and not last and not end and self._undecided(data, at):
                self._held = data[at:]
                break
            if self._line_start and data.startswith((b"\r\n", b"\n"), at):
                self.ended = True
                kept.append(data[at:])
                break
            if self._line_start and data[at] not in b" \t":
                self._dropping = self._unwanted.match(data, at) is not None
            stop = end or len(data)
            if not self._dropping:
                kept.append(data[at:stop])
            self._line_start = bool(end)
            at = stop
        return b"".join(kept)

    def finish(self) -> bytes:
        """Return what was held back, when the mail ends within its header."""
        return self.feed(b"", last=True)

    def _undecided(self, data: bytes, at: int) -> bool:
        return b":" not in data[at : at + self._enough] and len(data) - at < self._enough
