"""The way out, for the roles that send."""

from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.signing import Signing
from sealgate.settings import Settings


def outward(settings: Settings) -> Sender:
    """Return who takes mail onwards. Raises DkimKeyError."""
    signing = Signing.load(settings.dkim.values())
    return Sender(Routes(settings.next_hop, settings.routes), settings.dns, signing=signing)
