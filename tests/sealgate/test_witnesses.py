"""Witnesses: what is told, in which form, and that nobody's failure is another's."""

import http.server
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError

from sealgate import certificate
from sealgate.trail import witnesses
from sealgate.trail.sealing import TrailSealer
from sealgate.trail.settings import AuditSettings
from sealgate.trail.witnesses import Witness
from tests.blank import blank_vault
from vault.keys import signing
from vault.settings import VaultSettings
from vault.storage.store import Store
from vault.trail.audit import Act, record
from vault.trail.heads import Head

PATTERN = re.compile(
    rb"<109>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
    rb"mail\.example sealgate \d+ audit-head - (\{.*\})"
)


class Node:
    """A store, and what signs its trail."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(VaultSettings(folder=blank_vault(folder / "vault")))
        self.key = signing.make(folder)

    def write(self) -> None:
        with self.store.writing() as tx:
            record(tx, Act.SESSION_ENDED)

    def sealer(self, *told: Witness) -> TrailSealer:
        return TrailSealer(self.store, lambda: self.key, AuditSettings(), list(told))

    def head(self) -> Head:
        self.write()
        made = self.sealer().turn(last=True)
        assert made is not None
        return made


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    with closing(made.store):
        yield made


def heads_in(file: Path) -> list[int]:
    return [json.loads(line)["head"] for line in file.read_text().splitlines()]


# --- a file


def test_a_file_gets_every_head_and_goes_on_where_it_was(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    settings = AuditSettings(heads_file=file)
    for _ in range(2):
        node.head()
    node.sealer(*witnesses.of(settings, "")).turn()
    assert heads_in(file) == [1, 2]
    node.head()
    node.sealer(*witnesses.of(settings, "")).turn()  # another process
    assert heads_in(file) == [1, 2, 3]
    assert file.stat().st_mode & 0o007 == 0


def test_half_a_line_at_the_end_of_a_file_is_no_head(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    witnesses.to_file(file, [node.head()])
    with file.open("a") as opened:
        opened.write('{"head":2,"at":"20\n')
    assert witnesses.last_in(file) == 1


def test_a_head_that_was_told_proves_itself(node: Node, tmp_path: Path) -> None:
    head = node.head()
    told = json.loads(json.dumps(head.told()))
    statement = f"{told['head']}\n{told['at']}\n{told['lines']}\n{told['hash']}\n".encode()
    signature = bytes.fromhex(told["signature"])
    assert node.key.public.confirms("audit head 1", statement, signature)
    assert set(told) == {"head", "at", "lines", "hash", "key", "signature"}


# --- syslog


def assert_is_head(message: bytes, head: Head) -> None:
    found = PATTERN.fullmatch(message)
    assert found is not None
    assert json.loads(found[1]) == head.told()


def test_syslog_by_datagrams(node: Node, tmp_path: Path) -> None:
    head = node.head()
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        place = f"udp://127.0.0.1:{server.getsockname()[1]}"
        witnesses.to_syslog(place, "mail.example", [head])
        assert_is_head(server.recv(65535), head)
    path = tmp_path / "log"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as server:
        server.bind(str(path))
        server.settimeout(20)
        witnesses.to_syslog(f"unix://{path}", "mail.example", [head])
        assert_is_head(server.recv(65535), head)


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """A server that takes one connection and keeps what comes."""
    heard: list[bytes] = []

    def serve() -> None:
        plug, _ = server.accept()
        with closing(tls.wrap_socket(plug, server_side=True) if tls else plug) as taken:
            while data := taken.recv(65535):
                heard.append(data)

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(20)


def framed(stream: bytes) -> list[bytes]:
    messages = []
    while stream:
        length, _, rest = stream.partition(b" ")
        messages.append(rest[: int(length)])
        stream = rest[int(length) :]
    return messages


def test_syslog_by_a_stream_counts_octets(node: Node) -> None:
    both = [node.head(), node.head()]
    with listening() as (port, heard):
        witnesses.to_syslog(f"tcp://127.0.0.1:{port}", "mail.example", both)
    messages = framed(b"".join(heard))
    assert len(messages) == 2
    for message, head in zip(messages, both, strict=True):
        assert_is_head(message, head)


def test_syslog_by_tls_believes_only_a_certificate_it_can_check(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = node.head()
    certificate.make(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "certificate.key")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with listening(context) as (port, heard):
        witnesses.to_syslog(f"tls://localhost:{port}", "mail.example", [head])
    assert_is_head(framed(b"".join(heard))[0], head)
    monkeypatch.delenv("SSL_CERT_FILE")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=lambda: _refused(server, context), daemon=True)
        thread.start()
        with pytest.raises(OSError, match="certificate verify failed"):
            witnesses.to_syslog(
                f"tls://localhost:{server.getsockname()[1]}", "mail.example", [head]
            )
        thread.join(20)


def _refused(server: socket.socket, context: ssl.SSLContext) -> None:
    plug, _ = server.accept()
    with closing(plug), pytest.raises(OSError, match="alert"):
        context.wrap_socket(plug, server_side=True)


# --- a webhook


@contextmanager
def web(status: int = 200, location: str = "") -> Iterator[tuple[str, list[bytes]]]:
    heard: list[bytes] = []

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/heads", heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


def test_a_webhook_gets_each_head(node: Node) -> None:
    both = [node.head(), node.head()]
    with web() as (url, heard):
        witnesses.to_webhook(url, both)
    assert [json.loads(body) for body in heard] == [head.told() for head in both]


def test_a_webhook_that_does_not_take_it_is_a_failure(node: Node) -> None:
    head = node.head()
    with web(500) as (url, _), pytest.raises(OSError, match="500"):
        witnesses.to_webhook(url, [head])


def test_nobody_sends_us_somewhere_else(node: Node) -> None:
    head = node.head()
    with web() as (inner, heard), web(307, inner) as (url, _):
        with pytest.raises(OSError, match="another address"):
            witnesses.to_webhook(url, [head])
        assert heard == []


# --- failing


def test_who_could_not_be_told_is_told_later_and_others_are_told_now(node: Node) -> None:
    told: dict[str, list[int]] = {"good": [], "bad": []}
    fails = [True]

    def good(heads: object) -> None:
        told["good"] += [head.number for head in heads]  # type: ignore[attr-defined]

    def bad(heads: object) -> None:
        if fails[0]:
            raise ConnectionRefusedError
        told["bad"] += [head.number for head in heads]  # type: ignore[attr-defined]

    sealer = node.sealer(Witness("bad", bad, lambda: 0), Witness("good", good, lambda: 0))
    for _ in range(2):
        node.write()
        assert sealer.turn(last=True) is not None
    assert told == {"good": [1, 2], "bad": []}
    fails[0] = False
    assert sealer.turn(last=True) is None  # nothing new to sign
    assert told == {"good": [1, 2], "bad": [1, 2]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("syslog", "logs.example:514"),
        ("syslog", "http://logs.example"),
        ("webhook", "http://example.org/x"),
        ("webhook", "file:///etc/passwd"),
        ("head_every", 0.5),
    ],
)
def test_a_place_that_cannot_be_told_is_refused_at_start(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        AuditSettings(**{name: value})  # type: ignore[arg-type]
