"""Reading what a client sends to sign in: PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER.

Promises that nobody signs in as one and acts as another: an authorisation identity must be empty
or equal to the user name (RFC 4616), and what is named beside a token is kept for whoever checks
the token. Must never keep or show a password or a token outside a `Secret`.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field

from gateway.errors import RefusedError
from gateway.smtp import replies
from vault.secrets import Secret

LONGEST_LOGIN = 320
LONGEST_PASSWORD = 1024
LONGEST_TOKEN = 8192

PASSWORD_MECHANISMS = ("PLAIN", "LOGIN")
TOKEN_MECHANISMS = ("OAUTHBEARER", "XOAUTH2")

TOKEN_REFUSED = b'{"status":"invalid_token"}'
"""What RFC 7628 section 3.2.2 wants said before the refusal itself."""

_TOKEN = re.compile(rb"[Bb]earer ([A-Za-z0-9._~+/-]+=*)")  # RFC 6750 section 2.1
_GS2 = re.compile(rb"[ny],(?:a=([^,\0]*))?,")  # RFC 5801: no channel binding, perhaps an authzid
_SASLNAME = re.compile(r"=(2C|3D)")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name as typed, and the password."""

    login: str
    password: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """An access token, and the mailbox that was named with it ("" for whosever it is)."""

    acting_as: str
    token: Secret = field(repr=False)


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


def oauthbearer(message: bytes) -> Bearer:
    """Read a GS2 header and `auth=Bearer …` (RFC 7628 section 3.1). Raise RefusedError."""
    header, mark, rest = message.partition(b"\1")
    found = _GS2.fullmatch(header)
    if not mark or found is None:
        raise RefusedError(replies.AUTH_UNREADABLE)
    named = _text(found[1] or b"")
    if named.count("=") != len(_SASLNAME.findall(named)):
        raise RefusedError(replies.AUTH_UNREADABLE)
    return _bearer(named.replace("=2C", ",").replace("=3D", "="), rest)


def xoauth2(message: bytes) -> Bearer:
    """Read `user=… auth=Bearer …`, as Google and Microsoft have it. Raise RefusedError."""
    first, mark, rest = message.partition(b"\1")
    if not mark or not first.startswith(b"user=") or first == b"user=":
        raise RefusedError(replies.AUTH_UNREADABLE)
    return _bearer(_text(first.removeprefix(b"user=")), rest)


def _bearer(named: str, rest: bytes) -> Bearer:
    """Read the pairs after the first: each ends in 0x01, and one more ends them all."""
    *pairs, before_last, last = rest.split(b"\1") if rest.count(b"\1") > 1 else (b"", b"x")
    given = dict(pair.partition(b"=")[::2] for pair in pairs)
    token = _TOKEN.fullmatch(given.get(b"auth", b""))
    if before_last or last or token is None or len(given) != len(pairs):
        raise RefusedError(replies.AUTH_UNREADABLE)
    if len(named) > LONGEST_LOGIN or len(token[1]) > LONGEST_TOKEN:
        raise RefusedError(replies.AUTH_REFUSED)
    return Bearer(named, Secret(token[1]))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(replies.AUTH_UNREADABLE) from error
