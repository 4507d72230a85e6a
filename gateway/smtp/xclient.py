"""XCLIENT: a mail server in front of us says for whom it speaks (Postfix's XCLIENT_README).

Promises that the attributes have one reading, and that nobody is signed in by it: LOGIN is not
taken. Must never be answered to a peer that the settings do not name.
"""

import ipaddress
import re
from dataclasses import dataclass

from gateway.errors import RefusedError
from gateway.relay.parameters import from_xtext
from gateway.smtp import replies
from gateway.smtp.limits import plain_ip

ATTRIBUTES = ("NAME", "ADDR", "PORT", "PROTO", "HELO")
_PAIR = re.compile(r"([A-Z]{2,10})=((?:[!-*,-<>-~]|\+[0-9A-F]{2}){1,255})")
_UNKNOWN = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})


@dataclass(frozen=True, slots=True)
class Told:
    """The client's address."""

    peer_ip: str


def read(argument: str) -> Told:
    """Read what follows XCLIENT. Raise RefusedError; ADDR must be there and be an address."""
    given: dict[str, str] = {}
    for word in argument.upper().split():
        found = _PAIR.fullmatch(word)
        if found is None or found[1] not in ATTRIBUTES or found[1] in given:
            raise RefusedError(replies.BAD_XCLIENT)
        given[found[1]] = from_xtext(found[2])
    address = given.get("ADDR", "")
    if address in _UNKNOWN:
        raise RefusedError(replies.BAD_XCLIENT)  # whom to count it against would be a guess
    try:
        ipaddress.ip_address(address.removeprefix("IPV6:"))
    except ValueError as error:
        raise RefusedError(replies.BAD_XCLIENT) from error
    return Told(plain_ip((address.removeprefix("IPV6:"),)))
