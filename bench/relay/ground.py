"""Where servers are measured: a folder of their own, and for Sealgate alone its next hop."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.relay.node import node
from bench.relay.peer import Peer
from bench.relay.sink import Sink, sink


@dataclass(frozen=True, slots=True)
class Ground:
    """A running Sealgate, its next hop, and the folder in which `node` is Sealgate's."""

    folder: Path
    next_hop: Sink
    peer: Peer


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder that the servers' own users may enter."""
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as name:
        made = Path(name)
        made.chmod(0o755)
        yield made


@contextmanager
def ground() -> Iterator[Ground]:
    """Run Sealgate alone."""
    with folder() as made, sink(made) as next_hop, node(made / "node", next_hop.port) as peer:
        yield Ground(made, next_hop, peer)
