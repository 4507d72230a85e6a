"""SMTP commands as bytes.

Promises that no command holds a CR, LF, NUL or any other control character, whatever it was made
of (CVE-2026-55558 in another client): an address that could end a command is refused here even
though it was refused before. Pure.
"""

import base64
import re

from vault.address import Address

_PATH = re.compile(
    r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\x80-\U0010ffff-]+"
    r"|\"(?:[ !#-\[\]-~\x80-\U0010ffff]|\\[ -~])*\")@[A-Za-z0-9.-]+"
)
LONGEST = 2000


class UnsafeCommandError(ValueError):
    """Something that must not be written into a command."""


def command(*words: str) -> bytes:
    """Join words to one command line, in UTF-8. Raise UnsafeCommandError for what is no text.

    Beyond ASCII are addresses alone, and a server is told beforehand (RFC 6531).
    """
    line = " ".join(words)
    if not line or len(line) > LONGEST or not line.isprintable():
        raise UnsafeCommandError("a command may hold printable characters only")
    return line.encode("utf-8") + b"\r\n"


def path(address: Address | None) -> str:
    """Return `<address>`, or the null path. Raise UnsafeCommandError if it is no mailbox."""
    if address is None:
        return "<>"
    text = str(address)
    if _PATH.fullmatch(text) is None or not text.isprintable():
        raise UnsafeCommandError("an address that cannot be written into a command")
    return f"<{text}>"


def plain(username: str, password: str) -> str:
    """Return the initial response of AUTH PLAIN (RFC 4616). NUL parts the fields: refuse it."""
    if "\0" in username + password:
        raise UnsafeCommandError("a login may not hold NUL")
    return base64.b64encode(f"\0{username}\0{password}".encode()).decode("ascii")


def login(word: str) -> str:
    """Return one answer of AUTH LOGIN."""
    return base64.b64encode(word.encode()).decode("ascii")
