"""The real clamd, with one signature: what it finds, what it does not look at, and bad ones."""

import base64
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from gateway.scanners.clamd import Clamd
from gateway.scanners.scanner import Deadline, NotScannedError, Why
from tests.scanners import EICAR, SIGNATURE, clamd, crooked
from tests.sealgate.node import TOP

MIB = 1 << 20
NAMED = f"{SIGNATURE}.UNOFFICIAL"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with clamd() as found:
        yield found


def attached(first: bytes = b"From: jane@council.gov.uk") -> bytes:
    """A mail whose attachment is the test file; `first` is its first line."""
    return (
        first
        + b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\n"
        b"See attached.\r\n--bb\r\nContent-Type: application/octet-stream; name=a.com\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(EICAR).replace(b"\n", b"\r\n")
        + b"--bb--\r\n"
    )


def scan(address: str, *pieces: bytes, seconds: float = 10) -> str | None:
    return Clamd(address).scan(pieces, sum(map(len, pieces)), Deadline(seconds))


def missed(address: str, *pieces: bytes, seconds: float = 10) -> Why:
    with pytest.raises(NotScannedError) as raised:
        scan(address, *pieces, seconds=seconds)
    return raised.value.why


def test_it_finds_what_it_knows_and_nothing_else(address: str) -> None:
    assert scan(address, b"Subject: x\r\n\r\n" + EICAR) == NAMED
    assert scan(address, attached()) == NAMED
    assert scan(address, b"Subject: x\r\n\r\nGood morning\r\n") is None
    assert scan(address) is None
    assert scan(address, *[b"A" * 65536] * 20, b"\r\n", EICAR) == NAMED


@pytest.mark.parametrize(
    "first", [b"GIF89a: 1", b"%PDF-1.4: x", b"MZaa: x", b"Rar!: x", b"BZh9: x", b"\x7fELF: x"]
)
def test_a_mail_that_looks_like_another_file_is_looked_at_as_a_mail(
    address: str, first: bytes
) -> None:
    assert scan(address, attached(first)) == NAMED


def test_what_it_did_not_look_at_is_not_clean(address: str) -> None:
    assert missed(address, *[b"A" * MIB] * 6) is Why.TOO_LARGE  # the stream is cut off
    assert missed(address, b"A" * (3 * MIB + 100_000)) is Why.TOO_LARGE  # not looked into


def test_it_says_who_it_is(address: str) -> None:
    assert Clamd(address).about(Deadline(5)).startswith("ClamAV 1.")


def test_nobody_there() -> None:
    assert missed("/nowhere/clamd.ctl", b"x") is Why.DOWN
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert missed(f"127.0.0.1:{free}", b"x") is Why.DOWN


ANSWERS = {
    b"stream: OK": Why.UNINTELLIGIBLE,  # cut off before its end
    b"": Why.UNINTELLIGIBLE,
    b"stream: fine OK\0": Why.UNINTELLIGIBLE,
    b"OK\0": Why.UNINTELLIGIBLE,
    b"stream: Can't allocate memory ERROR\0": Why.UNINTELLIGIBLE,
    b"COMMAND READ TIMED OUT\0": Why.UNINTELLIGIBLE,
    b"\0": Why.UNINTELLIGIBLE,
    b"x" * 10_000: Why.UNINTELLIGIBLE,
    b"INSTREAM size limit exceeded. ERROR\0": Why.TOO_LARGE,
    b"stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND\0": Why.TOO_LARGE,
}


@pytest.mark.parametrize("said", ANSWERS, ids=repr)
def test_every_other_answer_is_no_answer(said: bytes) -> None:
    def behave(connection: socket.socket) -> None:
        while not connection.recv(65536).endswith(b"\0\0\0\0"):
            pass
        connection.sendall(said)

    with crooked(behave) as address:
        assert missed(address, b"Good morning") is ANSWERS[said]


def test_a_name_is_short_and_plain() -> None:
    name = "Ev<il> \u202eOK" + "x" * 200

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(f"stream: {name} FOUND\0".encode())

    with crooked(behave) as address:
        found = scan(address, b"x")
    assert found is not None
    assert found.startswith("Ev?il? ???OKxxx")
    assert len(found) == 80


@pytest.mark.parametrize("hungry", [True, False], ids=["never answers", "never reads"])
def test_who_is_slow_is_not_waited_for(hungry: bool) -> None:
    gone = threading.Event()

    def behave(connection: socket.socket) -> None:
        connection.settimeout(0.1)
        while not gone.is_set():
            try:
                if hungry and not connection.recv(65536):
                    return
            except TimeoutError:
                continue
            gone.wait(0 if hungry else 0.1)

    with crooked(behave) as address:
        began = time.monotonic()
        assert missed(address, *[b"A" * MIB] * 30, seconds=0.6) is Why.SLOW
        assert time.monotonic() - began < 2
        gone.set()


def test_who_waits_no_longer_is_let_go() -> None:
    with crooked(lambda connection: time.sleep(5)) as address:
        deadline = Deadline(30)
        threading.Timer(0.2, deadline.cut).start()
        began = time.monotonic()
        with pytest.raises(NotScannedError):
            Clamd(address).scan([b"x"], 1, deadline)
        assert time.monotonic() - began < 2


def test_the_source_holds_no_test_file() -> None:
    """A scanner on the developer's machine would take it away."""
    assert EICAR not in (TOP / "gateway" / "scanners" / "trial.py").read_bytes()
