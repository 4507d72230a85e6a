"""What administrators type into settings in more than one room, checked where it is read.

Types for fields of pydantic models: what is wrong is said in one way, wherever it stands.
Must never ask the network: a name that does not resolve today is not a mistake.
"""

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from vault.address import Address
from vault.errors import AddressError

_HIGHEST_PORT = 65535
_LISTEN = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9.-]+)):(?P<port>\d{1,5})")


def _mail_address(text: str) -> str:
    try:
        return str(Address.parse(text)) if text else text
    except AddressError as error:
        raise ValueError(f"is not a mail address: {error}") from error


def _printable_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text.strip()


def _zone_name(text: str) -> str:
    try:
        ZoneInfo(text)
    except (LookupError, OSError, ValueError) as error:
        raise ValueError(
            "is not a time zone this machine knows, such as Europe/London (package tzdata)"
        ) from error
    return text


def _listen_address(text: str) -> str:
    found = _LISTEN.fullmatch(text)
    if text and (found is None or int(found["port"]) > _HIGHEST_PORT):
        raise ValueError("write it as address:port, for example 127.0.0.1:587 or [::1]:587")
    return text


MailAddress = Annotated[str, AfterValidator(_mail_address)]
"""An address in its canonical spelling, or an empty text."""
PrintableLine = Annotated[str, AfterValidator(_printable_line)]
"""One line, without blanks around it: fit for a header."""
ZoneName = Annotated[str, AfterValidator(_zone_name)]
"""A time zone of the machine's IANA database."""
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
"""Where a server listens, as `address:port`, or an empty text; see `split_listen_address`."""


def split_listen_address(text: str) -> tuple[str, int]:
    """Split a checked `address:port` into its host and its port (0 means any free one)."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
