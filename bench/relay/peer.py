"""What a peer is: something that takes mail on a port and hands it to the next hop."""

from types import TracebackType
from typing import Protocol, Self


class Peer(Protocol):
    """A running server, with a folder of its own."""

    name: str
    port: int

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def processes(self) -> list[int]:
        """List the processes whose CPU time and memory are counted."""
