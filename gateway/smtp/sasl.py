"""Reading what a client sends to sign in: AUTH PLAIN and AUTH LOGIN.

Promises that nobody signs in as one and acts as another: an authorisation identity must be empty
or equal to the user name (RFC 4616). Must never keep or show a password outside a `Secret`.
"""

import base64
import binascii
from dataclasses import dataclass, field

from gateway.errors import RefusedError
from gateway.smtp import replies
from vault.secrets import Secret

LONGEST_LOGIN = 320
LONGEST_PASSWORD = 1024


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name as typed, and the password."""

    login: str
    password: Secret = field(repr=False)


def decode(line: bytes) -> bytes:
    """Decode one base64 line; `=` is an empty one (RFC 4954 section 4). Raise RefusedError."""
    if line == b"*":
        raise RefusedError(replies.AUTH_CANCELLED)
    if line == b"=":
        return b""
    try:
        return base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(replies.AUTH_UNREADABLE) from error


def plain(message: bytes) -> Credentials:
    """Read `authzid NUL authcid NUL password` (RFC 4616). Raise RefusedError."""
    try:
        acting_as, login, password = message.split(b"\0")
    except ValueError as error:
        raise RefusedError(replies.AUTH_UNREADABLE) from error
    found = credentials(login, password)
    if acting_as not in (b"", login):
        raise RefusedError(replies.AUTH_REFUSED)
    return found


def credentials(login: bytes, password: bytes) -> Credentials:
    """Pair a user name with a password. Raise RefusedError if either cannot be one."""
    try:
        name = login.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(replies.AUTH_UNREADABLE) from error
    if not name or not password or b"\0" in login + password:
        raise RefusedError(replies.AUTH_REFUSED)
    if len(name) > LONGEST_LOGIN or len(password) > LONGEST_PASSWORD:
        raise RefusedError(replies.AUTH_REFUSED)
    return Credentials(name, Secret(password))
