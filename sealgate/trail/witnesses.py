"""Witnesses: places outside the database that are told every head of the audit trail.

A file (on another volume, or one that a log shipper reads), a syslog server (RFC 5424) and a
webhook. Whoever can change the database cannot take back what they have been told: a trail that
was cut off since lacks a head that they know.

Promises that a witness which fails is told later, and never delays mail or another witness. Must
never tell more than a head: no act, no address.
"""

import json
import os
import socket
import ssl
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from sealgate.trail.settings import AuditSettings
from vault.trail.heads import Head

PATIENCE = 10.0  # seconds for a server to take what it is told
PRIORITY = 13 * 8 + 5  # RFC 5424, 6.2.1: facility "log audit", severity "notice"
LONGEST_LINE = 4096  # bytes at the end of a file among which its last head is looked for
PORTS = {"udp": 514, "tcp": 601, "tls": 6514}  # RFC 5426, RFC 6587 (syslog-conn), RFC 5425


@dataclass(frozen=True, slots=True)
class Witness:
    """One place. `tell` raises OSError; `last` is the newest head it has, None if nobody knows."""

    name: str
    tell: Callable[[Iterable[Head]], None]
    last: Callable[[], int | None] = lambda: None


def of(settings: AuditSettings, hostname: str) -> list[Witness]:
    """Return every witness that the settings name."""
    found = []
    if settings.heads_file is not None:
        file = settings.heads_file
        found.append(Witness("file", lambda told: to_file(file, told), lambda: last_in(file)))
    if settings.syslog:
        place = settings.syslog
        found.append(Witness("syslog", lambda told: to_syslog(place, hostname, told)))
    if settings.webhook:
        url = settings.webhook
        found.append(Witness("webhook", lambda told: to_webhook(url, told)))
    return found


def to_file(file: Path, told: Iterable[Head]) -> None:
    """Append heads to a file, a JSON object a line, and flush it. Raises OSError."""
    text = "".join(f"{_json(head)}\n" for head in told)
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    with os.fdopen(handle, "a", encoding="ascii") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def last_in(file: Path) -> int:
    """Return the number of the last head in a file; 0 if it has none. Raises OSError."""
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, opened.seek(0, os.SEEK_END) - LONGEST_LINE))
            lines = opened.read().splitlines()
    except FileNotFoundError:
        return 0
    for line in reversed(lines):
        with suppress(ValueError, KeyError, TypeError):  # half a line, after a power cut
            return int(json.loads(line)["head"])
    return 0


def to_syslog(place: str, hostname: str, told: Iterable[Head]) -> None:
    """Send heads to a syslog server: `udp://`, `tcp://`, `tls://` or `unix://`. Raises OSError."""
    parts = urlsplit(place)
    messages = [_syslog_message(head, hostname) for head in told]
    with closing(_connected(parts.scheme, parts.hostname or "", parts.port, parts.path)) as plug:
        for message in messages:
            if plug.type == socket.SOCK_DGRAM:
                plug.send(message)
            else:
                plug.sendall(b"%d %s" % (len(message), message))  # RFC 6587, 3.4.1


def to_webhook(url: str, told: Iterable[Head]) -> None:
    """Post heads to a web address, each as a JSON object. Raises OSError unless all are taken."""
    opener = urllib.request.build_opener(_NoRedirects)
    for head in told:
        request = urllib.request.Request(  # noqa: S310 - the settings allow http and https alone
            url,
            data=_json(head).encode("ascii"),
            headers={"Content-Type": "application/json", "User-Agent": "Sealgate"},
            method="POST",
        )
        opener.open(request, timeout=PATIENCE).close()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Nobody sends us somewhere else."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> NoReturn:
        raise OSError(f"the server answers {code} and another address")


def _json(head: Head) -> str:
    return json.dumps(head.told(), separators=(",", ":"))


def _syslog_message(head: Head, hostname: str) -> bytes:
    """Lay out a message as RFC 5424, 6 has it; its text is the JSON of the head."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    header = f"<{PRIORITY}>1 {at} {hostname or '-'} sealgate {os.getpid()} audit-head -"
    return f"{header} {_json(head)}".encode("ascii")


def _connected(scheme: str, host: str, port: int | None, path: str) -> socket.socket:
    if scheme == "unix":
        plug = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        return _connect(plug, path)
    number = port or PORTS[scheme]
    if scheme == "udp":
        family, kind, proto, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_DGRAM)[
            0
        ]
        return _connect(socket.socket(family, kind, proto), address)
    plug = socket.create_connection((host, number), timeout=PATIENCE)
    if scheme == "tcp":
        return plug
    try:
        return ssl.create_default_context().wrap_socket(plug, server_hostname=host)
    except BaseException:
        plug.close()
        raise


def _connect(plug: socket.socket, address: Any) -> socket.socket:
    try:
        plug.settimeout(PATIENCE)
        plug.connect(address)
    except BaseException:
        plug.close()
        raise
    return plug
