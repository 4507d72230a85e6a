"""A mail to hand over: the envelope, the content, and what it asks of its way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.relay.outgoing import Chunks
from gateway.relay.parameters import PLAIN_MAIL, MailParameters, RecipientParameters
from gateway.relay.routes import ANY_WAY, Way
from vault.address import Address


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to hand over. `size` in bytes as `chunks` will yield them; a null path is None.

    `asked_for` has an entry for each recipient that the client asked anything of. `sign`: it is
    to be signed for the domain of its author, if there is a key.
    """

    return_path: Address | None
    recipients: tuple[Address, ...]
    chunks: Chunks
    size: int
    eight_bit: bool = False
    way: Way = ANY_WAY
    asked: MailParameters = PLAIN_MAIL
    asked_for: Mapping[Address, RecipientParameters] = field(default_factory=dict)
    sign: bool = False
