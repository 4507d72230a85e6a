"""The doctor tries the way back of bounces at a real door, and sends nothing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.sealgate.node import Node
from tests.sealgate.test_doctor import findings

TRUSTED = '[smtp]\ntrusted = "127.0.0.1:{port}"\ntrusted_networks = ["127.0.0.1"]'
BOUNCES = '[bounces]\naddress = "bounces@secure.council.example"\n\n[next_hop]'


@contextmanager
def door(node: Node, *, takes: set[str], tokens: bool = True) -> Iterator[list[str]]:
    """A door that says 250 to some recipients, and to every other that there is nobody."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        node.spoil("[smtp]", TRUSTED.format(port=port))
        node.spoil("[next_hop]", BOUNCES)

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rwb") as talk:
                talk.write(b"220 gate ESMTP\r\n")
                talk.flush()
                for line in talk:
                    said = line.decode().strip()
                    heard.append(said)
                    known = said.partition("<")[2].partition(">")[0].partition("@")[0]
                    bad = said.upper().startswith("RCPT") and not (
                        known in takes or (not tokens and "+" in known)
                    )
                    talk.write(b"550 5.1.1 Nobody\r\n" if bad else b"250 OK\r\n")
                    talk.flush()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield heard
        thread.join(5)


def told(node: Node) -> tuple[str, str]:
    return findings(node)[1]["way back of bounces"]


def test_a_door_that_knows_its_address(ready: Node) -> None:
    with door(ready, takes={"bounces"}) as heard:
        verdict, says = told(ready)
    assert verdict == "ok"
    assert says == "reports for bounces@secure.council.example are taken; no notice has left yet"
    assert not any(line.upper().startswith(("DATA", "BDAT")) for line in heard)


def test_a_door_that_does_not(ready: Node) -> None:
    with door(ready, takes=set()):
        verdict, says = told(ready)
    assert verdict == "stops mail"
    assert "restart the node" in says


def test_a_door_that_believes_anybody(ready: Node) -> None:
    with door(ready, takes={"bounces"}, tokens=False):
        verdict, says = told(ready)
    assert verdict == "stops mail"
    assert "a token that nobody made" in says


@pytest.mark.parametrize("greeting", [b"554 5.7.1 Not for you\r\n", b""])
def test_a_door_that_cannot_be_asked(ready: Node, greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        ready.spoil("[smtp]", TRUSTED.format(port=port))
        ready.spoil("[next_hop]", BOUNCES)

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        verdict, says = told(ready)
        thread.join(5)
    assert verdict == "warning"
    assert ("trusted_networks" in says) is bool(greeting)
