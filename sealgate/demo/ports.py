"""The loopback ports of the demo: the ones the pages name, or free ones if those are taken."""

import socket
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo listens, all on 127.0.0.1."""

    starttls: int
    tls: int
    reader: int
    room_smtp: int
    room_page: int


def choose_ports() -> Ports:
    """Give the usual ports, each replaced by a free one where something else listens on it."""
    return Ports(
        starttls=_usual_or_free(1587),
        tls=_usual_or_free(1465),
        reader=_usual_or_free(8443),
        room_smtp=_usual_or_free(1025),
        room_page=_usual_or_free(8025),
    )


def _usual_or_free(usual: int) -> int:
    for wanted in (usual, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, wanted))
            except OSError:
                continue
            port: int = probe.getsockname()[1]
            return port
    raise OSError("no free port on 127.0.0.1")
