"""The grammar of what a client asks of reports: NOTIFY, ORCPT, ENVID (RFC 3461, RFC 6533).

Promises that a value which is let in can be written into a command and, decoded, into a report,
without ending a line or hiding a character. Must never repair, nor decode what travels on.
"""

import re

from gateway.errors import RefusedError
from gateway.relay.parameters import Notify, from_unitext, from_xtext
from gateway.smtp import replies

LONGEST_ENVID = 100  # characters, RFC 3461 section 4.4
LONGEST_ORCPT = 500  # characters, RFC 3461 section 4.2

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")
_KIND = re.compile(r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]{1,40}")
# \x{…} and what QCHAR allows, with UTF-8 where it was declared
_UNITEXT = re.compile(r"(?:[!-*,-<>-\[\]-~\u0080-\U0010FFFF]|\\x\{[0-9A-F]{2,6}\})+")
_HIGHEST = 0x10FFFF
_ESCAPED = re.compile(r"\\x\{([0-9A-F]{2,6})\}")


def notify(value: str) -> frozenset[Notify]:
    """Read NOTIFY=: NEVER alone, or any of the others. Raise RefusedError."""
    words = value.upper().split(",")
    if not set(words) <= set(Notify) or ("NEVER" in words and len(words) > 1):
        raise RefusedError(replies.BAD_NOTIFY)
    return frozenset(map(Notify, words))


def envid(value: str) -> str:
    """Check ENVID= and return it as it is. Raise RefusedError."""
    if len(value) > LONGEST_ENVID or not _XTEXT.fullmatch(value):
        raise RefusedError(replies.BAD_PARAMETER)
    _check_shown(from_xtext(value), ascii_only=True)
    return value


def orcpt(value: str, *, utf8: bool) -> str:
    """Check ORCPT= and return it as it is; `utf8`: MAIL had SMTPUTF8. Raise RefusedError."""
    kind, parted, address = value.partition(";")
    if len(value) > LONGEST_ORCPT or not (parted and _KIND.fullmatch(kind)):
        raise RefusedError(replies.BAD_PARAMETER)
    if kind.lower() != "utf-8":
        if not _XTEXT.fullmatch(address):
            raise RefusedError(replies.BAD_PARAMETER)
        _check_shown(from_xtext(address), ascii_only=True)
        return value
    if not _UNITEXT.fullmatch(address) or not (utf8 or address.isascii()):
        raise RefusedError(replies.BAD_PARAMETER)
    if any(int(one, 16) > _HIGHEST for one in _ESCAPED.findall(address)):
        raise RefusedError(replies.BAD_PARAMETER)
    _check_shown(from_unitext(address), ascii_only=False)
    return value


def _check_shown(text: str, *, ascii_only: bool) -> None:
    """Refuse what could not stand in a report: controls, and what turns the direction of text."""
    if not text.isprintable() or (ascii_only and not text.isascii()):
        raise RefusedError(replies.BAD_PARAMETER)
