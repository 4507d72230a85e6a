"""The TLS a next hop is met with.

Promises TLS 1.2 or newer, and that `verified` means a chain and a name. Must never be asked to
turn a failed handshake into a connection in the clear.
"""

import ssl
from functools import lru_cache
from pathlib import Path

from gateway.relay.settings import NextHopSettings, TlsMode


def tls_context(hop: NextHopSettings) -> ssl.SSLContext:
    """Return a context for `hop`. Raise OSError when its file of authorities cannot be read."""
    if hop.tls is TlsMode.VERIFIED:
        authorities = hop.tls_authorities
        return _verifying(authorities, authorities.stat().st_mtime_ns if authorities else 0)
    # Encryption against listeners only: the administrator has said that any certificate does.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@lru_cache(maxsize=8)
def _verifying(authorities: Path | None, changed: int) -> ssl.SSLContext:
    """Load the authorities once for each state of their file: it takes tens of milliseconds."""
    context = ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
