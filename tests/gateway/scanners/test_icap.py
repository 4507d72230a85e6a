"""ICAP as scanners speak it: against a server of our own, c-icap, and servers that lie."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.scanners.icap import Icap as Client
from gateway.scanners.scanner import UNNAMED, Deadline, NotScannedError, Why
from tests.scanners import (
    EICAR,
    FOUND,
    SIGNATURE,
    Icap,
    crooked,
    looked,
    page,
    sent_back,
    unchanged,
)

MIB = 1 << 20
MAIL = b"Subject: x\r\n\r\nGood morning\r\n"
BAD = b"Subject: x\r\n\r\n" + EICAR + b"\r\n"
METHODS = ["RESPMOD", "REQMOD"]


def scan(
    address: str,
    *pieces: bytes,
    method: str = "RESPMOD",
    service: str = "avscan",
    seconds: float = 10,
) -> str | None:
    client = Client(address, service, method)
    return client.scan(pieces, sum(map(len, pieces)), Deadline(seconds))


def missed(address: str, *pieces: bytes, **more: object) -> Why:
    with pytest.raises(NotScannedError) as raised:
        scan(address, *pieces, **more)  # type: ignore[arg-type]
    return raised.value.why


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("preview", [None, 0, 10, 1024], ids=str)
@pytest.mark.parametrize("size", [0, 100, 5_000_000])
def test_a_mail_arrives_whole_whatever_the_preview(
    method: str, preview: int | None, size: int
) -> None:
    server = Icap(looked, preview=preview)
    with crooked(server) as address:
        pieces = [MAIL, *[b"A" * 65_536] * (size // 65_536), b"\r\n"]
        assert scan(address, *pieces, method=method) is None
        assert server.bodies[-1] == b"Received: by sealgate\r\n" + b"".join(pieces)
        assert scan(address, *pieces, BAD, method=method) == SIGNATURE
    asked = [head.partition(" ")[0] for head in server.heads]
    assert asked == ["OPTIONS", method, "OPTIONS", method]  # each client asks once for itself


def test_what_the_preview_shows_is_enough() -> None:
    server = Icap(looked, preview=4096)
    with crooked(server) as address:
        assert scan(address, BAD, *[b"A" * MIB] * 8) == SIGNATURE
        assert server.went_on == 0
        assert scan(address, MAIL) is None  # all of it is in the preview
        assert server.went_on == 0
        assert scan(address, MAIL, b"A" * 5000) is None
        assert server.went_on == 1


def test_what_a_service_offers_is_asked_for_once() -> None:
    server = Icap(looked)
    with crooked(server) as address:
        client = Client(address, "avscan")
        assert client.about(Deadline(5)) == "Testscan 1.0"
        for _ in range(3):
            assert client.scan([MAIL], len(MAIL), Deadline(5)) is None
    assert [head.split(" ")[0] for head in server.heads].count("OPTIONS") == 1
    assert all(
        f"icap://{address}/avscan ICAP/1.0\r\nHost: {address}" in one for one in server.heads
    )
    assert "\r\nAllow: 204\r\n" in server.heads[-1]


@pytest.mark.parametrize("method", METHODS)
def test_a_mail_that_comes_back_as_it_was_is_clean(method: str) -> None:
    with crooked(Icap(sent_back)) as address:
        assert scan(address, MAIL, method=method) is None
        assert scan(address, MAIL, *[b"A" * MIB] * 5, method=method) is None


def changed(_: Icap, http: bytes, body: bytes) -> bytes:
    return sent_back(_, http, body.replace(b"Good", b"Bad!"))


def emptied(_: Icap, http: bytes, body: bytes) -> bytes:
    return (
        b"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, null-body=19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
    )


FINDS: dict[str, tuple[Callable[[Icap, bytes, bytes], bytes], str]] = {
    "X-Infection-Found": (lambda *_: page(FOUND), SIGNATURE),
    "without a name": (lambda *_: page("X-Infection-Found: Type=0; Resolution=0;"), UNNAMED),
    "X-Virus-ID": (lambda *_: page("X-Virus-ID: Troj/DocDl-OYC"), "Troj/DocDl-OYC"),
    "X-Violations-Found": (
        lambda *_: page("X-Violations-Found: 1", "\tmail.eml", "\tTroj.X", "\t0", "\t0"),
        "Troj.X",
    ),
    "in quotes": (lambda *_: page('X-FSecure-Infection-Name: "W97M/Agent"'), "W97M/Agent"),
    "a page alone": (lambda *_: page(), UNNAMED),
    "a page that says 200": (lambda *_: page(status="200 OK"), UNNAMED),
    "blocked by a rule": (
        lambda *_: page("X-Virus-ID: no threats", "X-Response-Info: blocked"),
        UNNAMED,
    ),
    "204, and a find": (lambda *_: f"ICAP/1.0 204 OK\r\n{FOUND}\r\n\r\n".encode(), SIGNATURE),
    "a changed mail": (changed, UNNAMED),
    "an empty one": (emptied, UNNAMED),
}


@pytest.mark.parametrize("name", FINDS)
def test_every_way_of_saying_that_something_was_found(name: str) -> None:
    verdict, found = FINDS[name]
    with crooked(Icap(verdict)) as address:
        assert scan(address, MAIL) == found


@pytest.mark.parametrize(
    "header", ["X-Virus-ID: no threats", "X-Violations-Found: 0", "X-Virus-ID: "]
)
def test_nothing_found_said_in_words(header: str) -> None:
    answer = f"ICAP/1.0 204 No Content\r\n{header}\r\n\r\n".encode()
    with crooked(Icap(lambda *_: answer)) as address:
        assert scan(address, MAIL) is None


NO_ANSWERS = {
    b"ICAP/1.0 500 Server error\r\n\r\n": Why.DOWN,
    b"ICAP/1.0 503 Overloaded\r\n\r\n": Why.DOWN,
    b"ICAP/1.0 404 Not found\r\n\r\n": Why.UNINTELLIGIBLE,
    b"ICAP/1.0 204\r\n": Why.UNINTELLIGIBLE,
    b"ICAP/1.0 2040 OK\r\n\r\n": Why.UNINTELLIGIBLE,
    b"204 fine\r\n\r\n": Why.UNINTELLIGIBLE,
    b"": Why.UNINTELLIGIBLE,
    b"\x00" * 200_000: Why.UNINTELLIGIBLE,
    b"ICAP/1.0 200 OK\r\nno colon\r\n\r\n": Why.UNINTELLIGIBLE,
    b"ICAP/1.0 200 OK\r\nEncapsulated: res-body=99999999\r\n\r\n": Why.UNINTELLIGIBLE,
    b"ICAP/1.0 200 OK\r\nEncapsulated: res-body=0\r\n\r\nzz\r\n": Why.UNINTELLIGIBLE,
    b"ICAP/1.0 200 OK\r\nEncapsulated: res-body=0\r\n\r\n5\r\nhelloworld\r\n": Why.UNINTELLIGIBLE,
    b"ICAP/1.0 200 OK\r\nEncapsulated: res-body=0\r\n\r\n" + b"1" * 5000: Why.UNINTELLIGIBLE,
    page("X-Infection-Found: Type=2; Resolution=2; Threat=Container size;"): Why.TOO_LARGE,
}


@pytest.mark.parametrize("said", NO_ANSWERS, ids=lambda said: repr(said[:70]))
def test_every_other_answer_is_no_answer(said: bytes) -> None:
    with crooked(Icap(lambda *_: said, preview=None, hangs_up=True)) as address:
        assert missed(address, MAIL) is NO_ANSWERS[said]


@pytest.mark.parametrize(
    "server",
    [
        Icap(unchanged, options="ICAP/1.0 404 Service not found"),
        Icap(unchanged, methods="REQMOD"),
    ],
    ids=["no such service", "no such method"],
)
def test_a_service_that_cannot_do_it_is_not_believed(server: Icap) -> None:
    with crooked(server) as address:
        assert missed(address, MAIL) is Why.UNINTELLIGIBLE


def test_who_is_slow_is_not_waited_for() -> None:
    def late(_: Icap, http: bytes, body: bytes) -> bytes:
        time.sleep(3)
        return b"ICAP/1.0 204 OK\r\n\r\n"

    with crooked(Icap(late)) as address:
        began = time.monotonic()
        assert missed(address, MAIL, seconds=0.5) is Why.SLOW
        assert time.monotonic() - began < 1.5


# A server that we have not written

C_ICAP = """\
Port {address}
PidFile {folder}/pid
CommandsSocket {folder}/control
StartServers 1
MaxServers 1
ThreadsPerChild 4
TmpDir {folder}
ModulesDir {modules}
ServicesDir {modules}
LoadMagicFile /etc/c-icap/c-icap.magic
ServerLog {folder}/server.log
AccessLog {folder}/access.log
Service echo srv_echo.so
"""


@pytest.fixture
def c_icap(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("c-icap")
    if program is None:
        pytest.skip("c-icap is not installed (apt-get install c-icap)")
    (modules,) = Path("/usr/lib").glob("*/c_icap")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    config = tmp_path / "c-icap.conf"
    config.write_text(C_ICAP.format(address=address, folder=tmp_path, modules=modules))
    with subprocess.Popen([program, "-N", "-f", config]) as process:
        try:
            until = time.monotonic() + 10
            while not _answers(address):
                assert process.poll() is None, "c-icap ended"
                assert time.monotonic() < until, "c-icap does not start"
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("method", METHODS)
def test_c_icap_is_understood(c_icap: str, method: str) -> None:
    for pieces in ([MAIL], [MAIL, *[b"A" * 65_536] * 40], [b""]):
        assert scan(c_icap, *pieces, method=method, service="echo") is None
    assert missed(c_icap, MAIL, service="nothing") is Why.UNINTELLIGIBLE
