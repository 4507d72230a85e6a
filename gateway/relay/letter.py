"""A mail to hand over: the envelope, the content, and what it asks of its way."""

from dataclasses import dataclass

from gateway.relay.outgoing import Chunks
from gateway.relay.routes import ANY_WAY, Way
from vault.address import Address


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to hand over. `size` in bytes as `chunks` will yield them; a null path is None."""

    return_path: Address | None
    recipients: tuple[Address, ...]
    chunks: Chunks
    size: int
    eight_bit: bool = False
    way: Way = ANY_WAY
