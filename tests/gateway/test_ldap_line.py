"""A directory that hangs holds up nobody for long; and what goes to one goes over TLS."""

import asyncio
import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.errors import BackendDownError
from gateway.signin import settings as signin_settings
from gateway.signin.ldap import NO_OTHER_WAY, LdapDirectory
from tests.directory import READER_PASSWORD, Directory, directory
from tests.e2e.machine import until
from tests.gateway.office import captured
from tests.gateway.test_ldap import JANE, OURS, PASSWORD, needs_slapd, settings, typed

pytestmark = needs_slapd

REFUSED = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"  # resultCode protocolError
AGREED = b"\x30\x84\x00\x00\x00\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    with directory(tmp_path_factory.mktemp("ldap")) as running:
        yield running


@dataclass
class Between:
    """Something between us and a directory: what it does with each connection, and all it heard."""

    port: int
    hangs: bool = True
    heard: bytearray = field(default_factory=bytearray)
    held: list[socket.socket] = field(default_factory=list)


@contextlib.contextmanager
def between(url: str, host: str = "127.0.0.1") -> Iterator[Between]:
    """A real socket that takes a connection and never answers, or passes all on to a directory."""
    there = urlsplit(url)
    with socket.create_server((host, 0), backlog=50) as listening:
        found = Between(listening.getsockname()[1])
        carrying: list[threading.Thread] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken, _ = listening.accept()
                    if found.hangs:
                        found.held.append(taken)
                        continue
                    onwards = socket.create_connection((there.hostname or "", there.port or 0))
                    carrying.append(_started(_pass_on, taken, onwards, found.heard))

        serving = _started(serve)
        yield found
        listening.shutdown(socket.SHUT_RDWR)
        serving.join()
        for one in found.held:
            one.close()
        for thread in carrying:
            thread.join(5)


def _started(work: Callable[..., None], *given: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=given, daemon=True)
    thread.start()
    return thread


def _pass_on(taken: socket.socket, onwards: socket.socket, heard: bytearray) -> None:
    with taken, onwards, contextlib.suppress(OSError):
        while True:
            for source in select.select([taken, onwards], [], [])[0]:
                piece = source.recv(65536)
                if not piece:
                    return
                heard += piece
                (onwards if source is taken else taken).sendall(piece)


SCHEMES = ["ldap", "ldaps", "starttls"]


def url_of(scheme: str, port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    if scheme == "starttls":
        monkeypatch.setattr(signin_settings, "is_local", lambda _host: False)
    return f"{scheme.replace('starttls', 'ldap')}://127.0.0.1:{port}"


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_directory_that_never_answers_ties_no_thread(
    found: Directory, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection stays open, and the one thread there is does the next sign-in."""
    with between(found.tls_url if scheme == "ldaps" else found.url) as line:
        chosen = settings(
            url_of(scheme, line.port, monkeypatch),
            timeout=0.5,
            at_once=1,
            authorities=found.certificate,
        )
        backend = LdapDirectory(chosen, OURS)
        with pytest.raises(BackendDownError):
            await backend.identify(typed(JANE, PASSWORD))
        line.hangs = False
        began = time.monotonic()
        user = None
        while user is None and time.monotonic() - began < 5:
            with contextlib.suppress(BackendDownError):
                user = await backend.identify(typed(JANE, PASSWORD))
        assert user is not None
        assert line.held
        await backend.close()


async def test_threads_are_bounded_and_end(found: Directory) -> None:
    with between(found.tls_url) as line:
        chosen = settings(f"ldaps://127.0.0.1:{line.port}", timeout=0.3, at_once=2)
        backend = LdapDirectory(chosen, OURS)
        before = threading.active_count()

        asked = [asyncio.create_task(backend.identify(typed(JANE, "x"))) for _ in range(10)]
        await asyncio.sleep(0.1)
        assert threading.active_count() <= before + 2
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(one, BackendDownError) for one in results)
        await backend.close()
        await until(lambda: threading.active_count() <= before, 5)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_what_goes_over_the_line(
    found: Directory, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with between(found.tls_url if scheme == "ldaps" else found.url) as line:
        line.hangs = False
        chosen = settings(url_of(scheme, line.port, monkeypatch), authorities=found.certificate)
        backend = LdapDirectory(chosen, OURS)
        assert await backend.identify(typed(JANE, PASSWORD)) is not None
        assert await backend.identify(typed(JANE, "wrong")) is None
        await backend.close()
        in_the_clear = scheme == "ldap"  # on this machine
        assert (PASSWORD.encode() in line.heard) is in_the_clear
        assert (READER_PASSWORD.encode() in line.heard) is in_the_clear


async def test_a_certificate_for_another_name_is_not_enough(found: Directory) -> None:
    with between(found.tls_url, host="127.0.0.2") as line:
        line.hangs = False
        chosen = settings(f"ldaps://127.0.0.2:{line.port}", authorities=found.certificate)
        with captured() as entries, pytest.raises(BackendDownError):
            await LdapDirectory(chosen, OURS).identify(typed(JANE, PASSWORD))
        assert entries[0]["error"] == "SSLCertVerificationError"
        assert READER_PASSWORD.encode() not in line.heard


ANSWERS = [
    REFUSED,
    AGREED,
    AGREED + b"more",
    b"\x30\x85\xff\xff\xff\xff\xff",
    b"220 hello\r\n",
    b"",
]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
async def test_without_tls_nothing_is_said(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever refuses StartTLS, or agrees and does not begin, hears no name and no password."""
    heard = bytearray()

    def behave(taken: socket.socket) -> None:
        heard.extend(taken.recv(1000))
        taken.sendall(answer)
        while piece := taken.recv(1000):
            heard.extend(piece)

    with crooked(behave) as port:
        chosen = settings(url_of("starttls", port, monkeypatch), timeout=0.5, at_once=1)
        backend = LdapDirectory(chosen, OURS)
        with pytest.raises(BackendDownError):
            await backend.identify(typed(JANE, PASSWORD))
        await backend.close()
    assert heard
    assert not {READER_PASSWORD.encode(), PASSWORD.encode(), b"reader"} & {
        word for word in (READER_PASSWORD.encode(), PASSWORD.encode(), b"reader") if word in heard
    }


@contextlib.contextmanager
def crooked(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                taken, _ = listening.accept()
                with taken:
                    behave(taken)

        serving = _started(serve)
        yield listening.getsockname()[1]
        serving.join(5)


async def test_a_line_that_ends_is_not_begun_again_by_another_way(
    found: Directory, tmp_path: Path
) -> None:
    """libldap connects anew by itself where it can: it must not find where."""
    ldap = pytest.importorskip("ldap")
    ours, theirs = socket.socketpair()

    connection = ldap.initialize(NO_OTHER_WAY, fileno=theirs.detach())
    ours.close()
    for _ in range(3):
        with pytest.raises(ldap.LDAPError):
            connection.simple_bind_s("cn=reader", "secret")
    with contextlib.suppress(ldap.LDAPError):
        connection.unbind_s()
