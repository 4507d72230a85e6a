"""A connection to a directory on which nothing waits for ever.

libldap has no limit of time for a TLS handshake: a server that takes a connection and says nothing
would keep a thread until the process ends. So the connection and its TLS are made here, where every
wait has one, and libldap is given one end of a pair of sockets on this machine, to whose other end
what passes is carried over.

Promises that a line ends at its deadline whatever the directory does, that nothing is carried over
it in the clear unless the settings say that the directory is this machine, and that the certificate
is that of the host in the settings.
"""

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

from gateway.signin.settings import LdapSettings

PORTS = {"ldap": 389, "ldaps": 636}
PIECE = 64 * 1024
LONGEST_ANSWER = 16 * 1024  # to StartTLS
# LDAPMessage 1, ExtendedRequest StartTLS (RFC 4511 section 4.14.1)
START_TLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + b"1.3.6.1.4.1.1466.20037"
_SEQUENCE, _EXTENDED_RESPONSE = 0x30, 0x78
_MESSAGE_ID, _SUCCESS = b"\x02\x01\x01", b"\x0a\x01\x00"
_LONG_FORM, _MOST_LENGTH_BYTES = 0x80, 4

Read = Callable[[int], bytes]


class NoTlsError(OSError):
    """The directory does not begin TLS."""


def tls_context(settings: LdapSettings) -> ssl.SSLContext:
    """Return what a directory must prove. Raise OSError if the authorities cannot be read."""
    context = ssl.create_default_context(cafile=settings.authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextmanager
def line(settings: LdapSettings, context: ssl.SSLContext | None, seconds: float) -> Iterator[int]:
    """Give the descriptor of libldap's end of a line, open for so long. Raise OSError.

    It is libldap's from then on, which closes it. `context` is None where the directory is this
    machine and asked without TLS.
    """
    deadline = time.monotonic() + seconds
    with closing(_outside(settings, context)) as outside:
        inside, theirs = socket.socketpair()
        carrier = threading.Thread(
            target=_carry, args=(inside, outside, deadline), name="ldap-line", daemon=True
        )
        carrier.start()
        try:
            yield theirs.detach()
        finally:
            for end in (inside, outside):
                with suppress(OSError):
                    socket.socket.shutdown(end, socket.SHUT_RDWR)  # TLS has no say in it
            carrier.join()
            inside.close()


def _outside(settings: LdapSettings, context: ssl.SSLContext | None) -> socket.socket:
    """Connect and secure, each within the limit of the settings. Raise OSError."""
    parts, seconds = urlsplit(settings.url), settings.timeout.total_seconds()
    host = parts.hostname or ""
    made = socket.create_connection((host, parts.port or PORTS[parts.scheme]), seconds)
    try:
        if settings.start_tls:
            _ask_for_tls(made)
        return made if context is None else context.wrap_socket(made, server_hostname=host)
    except BaseException:
        made.close()
        raise


def _ask_for_tls(made: socket.socket) -> None:
    """Say StartTLS and read the answer, and not a byte more. Raise OSError."""
    made.sendall(START_TLS)

    def read(count: int) -> bytes:
        found = b""
        while len(found) < count:
            piece = made.recv(count - len(found))
            if not piece:
                raise NoTlsError("the directory hung up")
            found += piece
        return found

    if read(1)[0] != _SEQUENCE:
        raise NoTlsError("an answer that is no LDAP")
    body = iter(read(_length(read)))

    def within(count: int) -> bytes:
        return bytes(next(body, 0) for _ in range(count))

    if within(len(_MESSAGE_ID)) != _MESSAGE_ID or within(1)[0] != _EXTENDED_RESPONSE:
        raise NoTlsError("another answer than to StartTLS")
    _length(within)
    if within(len(_SUCCESS)) != _SUCCESS:
        raise NoTlsError("the directory refuses StartTLS")


def _length(read: Read) -> int:
    """Read a length of BER (X.690 section 8.1.3). Raise OSError for one that is out of bounds."""
    first = read(1)[0]
    if first < _LONG_FORM:
        return first
    count = first - _LONG_FORM
    if not 1 <= count <= _MOST_LENGTH_BYTES:
        raise NoTlsError("a length that is none")
    length = int.from_bytes(read(count), "big")
    if length > LONGEST_ANSWER:
        raise NoTlsError("too long an answer")
    return length


def _carry(inside: socket.socket, outside: socket.socket, deadline: float) -> None:
    """Carry bytes both ways until an end hangs up or the time is over; then hang up on libldap."""
    with suppress(OSError, ValueError):
        while (left := deadline - time.monotonic()) > 0:
            inside.settimeout(left)
            outside.settimeout(left)
            there = isinstance(outside, ssl.SSLSocket) and outside.pending()
            ready = [outside] if there else select.select([inside, outside], [], [], left)[0]
            for source, target in ((inside, outside), (outside, inside)):
                if source in ready:
                    piece = source.recv(PIECE)
                    if not piece:
                        return
                    target.sendall(piece)
    with suppress(OSError):
        inside.shutdown(socket.SHUT_RDWR)
