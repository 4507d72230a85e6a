"""The table of rates goes on when a peer breaks down, and says why it did."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from bench.relay import table
from bench.relay.peer import Peer
from bench.relay.sink import sink
from bench.relay.tree import Tree
from bench.relay.work import Work

SMALL = Work(name="a few", size=2000, count=20, sessions=2)
OTHER = Work(name="a few more", size=3000, count=20, sessions=2)

pytestmark = [
    pytest.mark.skipif(shutil.which("smtp-source") is None, reason="Postfix is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="smtp-sink gives up root's rights"),
]


@contextmanager
def turning_away() -> Iterator[int]:
    """A server that greets everybody with a refusal; gives its port."""

    def talk() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with closing(connection):
                    connection.sendall(b"554 5.3.2 Nobody is here\r\n")

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_peer_that_breaks_down_says_so_and_the_others_go_on(tmp_path: Path) -> None:
    here = Tree(os.getpid())
    with sink(tmp_path) as next_hop, turning_away() as port:
        peers = [Peer("direct", next_hop.port, here), Peer("broken", port, here)]
        runs = table.measure([SMALL, OTHER], peers, next_hop, tmp_path, 1, 1.0)
        assert next_hop.taken == SMALL.count + OTHER.count
    for work in (SMALL, OTHER):
        name, direct, broken = table.lines(work, peers, runs)
        assert name == work.name
        assert "mails/s" in direct
        assert "failed" not in direct
        assert broken.split()[:5] == ["broken", "failed", "1", "of", "1:"]
        assert "554 5.3.2 Nobody is here" in broken
    _, _, direct = table.lines(SMALL, peers[::-1], runs)
    assert "mails/s" in direct
    assert "x (" not in direct, "a ratio to what failed"
