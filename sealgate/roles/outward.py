"""The way out, for the roles that send."""

from gateway.relay.exchangers import Exchangers
from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.signing import Signing
from sealgate.settings import Settings
from vault.storage.store import Store


def outward(settings: Settings, store: Store) -> Sender:
    """Return who takes mail onwards. Raises DkimKeyError."""
    signing = Signing.load(settings.dkim.values())
    exchangers = Exchangers.of(settings.dns, store)
    routes = Routes(settings.next_hop, settings.routes)
    return Sender(routes, exchangers=exchangers, signing=signing)
