"""Malware scanners for tests: clamd with one signature, an ICAP server, and bad ones."""

from __future__ import annotations

import contextlib
import email
import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.scanners.panel import Panel
from gateway.scanners.settings import ScannerSettings
from gateway.scanners.trial import test_mail as eicar_mail

EICAR = eicar_mail().partition(b"\r\n\r\n")[2].strip()
SIGNATURE = "Test.Eicar"
STARTS_WITHIN = 20.0
CLAMD = """\
DatabaseDirectory {folder}/signatures
LocalSocket {folder}/socket
Foreground yes
StreamMaxLength 4M
MaxFileSize 3M
AlertExceedsMax yes
"""


@contextlib.contextmanager
def clamd() -> Iterator[str]:
    """Run clamd with a database of one line; gives the path of its socket."""
    program = shutil.which("clamd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("clamd is not installed (apt-get install clamav-daemon)")
    with tempfile.TemporaryDirectory(prefix="clamd-") as name:  # a socket's path is short
        folder = Path(name)
        (folder / "signatures").mkdir()
        (folder / "signatures" / "local.ndb").write_text(f"{SIGNATURE}:0:*:{EICAR.hex()}\n")
        (folder / "clamd.conf").write_text(CLAMD.format(folder=folder))
        folder.chmod(0o755)  # started by root, it may become another user
        log = (folder / "log").open("wb")
        with (
            log,
            subprocess.Popen([program, "-c", folder / "clamd.conf"], stdout=log, stderr=log) as one,
        ):
            try:
                _wait_for(folder / "socket", one)
                yield str(folder / "socket")
            finally:
                one.terminate()


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while not path.exists():
        assert process.poll() is None, "clamd ended"
        assert time.monotonic() < until, "clamd does not start"
        time.sleep(0.02)


def scanner(address: str, **more: object) -> ScannerSettings:
    return ScannerSettings.model_validate({"address": address, "timeout": 10, **more})


def icap_scanner(address: str, **more: object) -> ScannerSettings:
    return scanner(address, kind="icap", **{"service": "avscan", **more})


@contextlib.contextmanager
def panel(**scanners: ScannerSettings) -> Iterator[Panel]:
    with contextlib.closing(Panel(scanners)) as made:
        yield made


# A server that does whatever a test wants


@contextlib.contextmanager
def crooked(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that treats each connection as it pleases; gives its HOST:PORT."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                behave(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Icap:
    """An ICAP server (RFC 3507) with one scanning service, and what it was asked.

    `verdict` makes the answer to a body; `preview` is what it asks for, None for no preview.
    """

    verdict: Callable[[Icap, bytes, bytes], bytes]
    preview: int | None = 1024
    hangs_up: bool = False  # after the answer to a mail
    options: str = "ICAP/1.0 200 OK"
    methods: str = "RESPMOD, REQMOD"
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    went_on: int = 0  # how often more than the preview was asked for

    def __call__(self, connection: socket.socket) -> None:
        with connection.makefile("rwb") as stream:
            while head := _head(stream):
                self.heads.append(head)
                if head.startswith("OPTIONS"):
                    answer = self._options()
                else:
                    http = stream.read(_lengths(head)[-1])
                    body = self._body(stream, head)
                    self.bodies.append(body)
                    answer = self.verdict(self, http, body)
                stream.write(answer)
                stream.flush()
                if self.hangs_up and self.bodies:
                    return

    def _options(self) -> bytes:
        lines = [self.options, f"Methods: {self.methods}", "Service: Testscan 1.0", 'ISTag: "1"']
        lines += ["Allow: 204", "Options-TTL: 600", "Encapsulated: null-body=0"]
        if self.preview is not None:
            lines.insert(2, f"Preview: {self.preview}")
        return "\r\n".join([*lines, "", ""]).encode()

    def _body(self, stream: object, head: str) -> bytes:
        body, ended = _chunks(stream)
        if "\r\nPreview: " in head and not ended:
            if EICAR in body:
                return body  # enough was seen
            self.went_on += 1
            stream.write(b"ICAP/1.0 100 Continue\r\n\r\n")  # type: ignore[attr-defined]
            stream.flush()  # type: ignore[attr-defined]
            body += _chunks(stream)[0]
        return body


def _head(stream: object) -> str:
    lines = []
    while (line := stream.readline()) not in (b"\r\n", b""):  # type: ignore[attr-defined]
        lines.append(line.decode())
    return "".join(lines)


def _lengths(head: str) -> list[int]:
    said = head.partition("\r\nEncapsulated: ")[2].partition("\r\n")[0]
    return [int(part.partition("=")[2]) for part in said.split(",")]


def _chunks(stream: object) -> tuple[bytes, bool]:
    """One body or preview, and whether it is the end of the mail."""
    body = bytearray()
    while True:
        size, _, extension = stream.readline().strip().partition(b";")  # type: ignore[attr-defined]
        piece = stream.read(int(size, 16))  # type: ignore[attr-defined]
        stream.readline()  # type: ignore[attr-defined]
        if not piece:
            return bytes(body), extension.strip() == b"ieof"
        body += piece


def unchanged(_: Icap, http: bytes, body: bytes) -> bytes:
    return b'ICAP/1.0 204 No Content\r\nISTag: "1"\r\n\r\n'


def sent_back(_: Icap, http: bytes, body: bytes) -> bytes:
    """What a server without 204 does: all of it comes back."""
    response = http[http.index(b"HTTP/1.1 200") :] if b"HTTP/1.1 200" in http else http
    kind = b"res" if response.startswith(b"HTTP/") else b"req"
    head = b"ICAP/1.0 200 OK\r\nEncapsulated: %s-hdr=0, %s-body=%d\r\n\r\n" % (
        kind,
        kind,
        len(response),
    )
    return head + response + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def page(*headers: str, status: str = "403 Forbidden") -> bytes:
    """A page in the place of the mail."""
    http = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\n\r\n"
    lines = ["ICAP/1.0 200 OK", *headers, f"Encapsulated: res-hdr=0, res-body={len(http)}", "", ""]
    return ("\r\n".join(lines) + http).encode() + b"7\r\nblocked\r\n0\r\n\r\n"


FOUND = f"X-Infection-Found: Type=0; Resolution=2; Threat={SIGNATURE};"


def looked(server: Icap, http: bytes, body: bytes) -> bytes:
    """An honest scanner: it looks into attachments as well."""
    opened = [part.get_payload(decode=True) for part in email.message_from_bytes(body).walk()]
    found = any(EICAR in one for one in (body, *opened) if isinstance(one, bytes))
    return page(FOUND) if found else unchanged(server, http, body)
