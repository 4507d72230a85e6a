"""The TLS a server is met with.

Promises TLS 1.2 or newer, and that `verified` means a chain and a name, or what TLSA records say.
Must never be asked to turn a failed handshake into a connection in the clear.
"""

import ssl
from functools import lru_cache
from pathlib import Path

from gateway.relay import dane
from gateway.relay.server import Server
from gateway.relay.settings import TlsMode


class NotProvedError(OSError):
    """The certificate is not the one that the server's TLSA records tell of."""


def tls_context(server: Server) -> ssl.SSLContext:
    """Return a context for `server`. Raise OSError when its file of authorities cannot be read."""
    if server.tls is TlsMode.VERIFIED and not server.tlsa:
        authorities = server.settings.tls_authorities
        return _verifying(authorities, authorities.stat().st_mtime_ns if authorities else 0)
    return _unverifying()


def check_proof(server: Server, made: ssl.SSLObject) -> None:
    """Judge the certificate by TLSA records, where there are any. Raise NotProvedError."""
    if server.tlsa and not dane.proved(server.tlsa, dane.chain(made), server.name):
        raise NotProvedError("its certificate is not the one that DANE tells of")


@lru_cache(maxsize=1)
def _unverifying() -> ssl.SSLContext:
    """Encrypt against listeners only: any certificate does, or is judged afterwards."""
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
