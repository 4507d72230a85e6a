"""Where an act came from, as told to the timeline and the audit trail.

Promises that what it holds is short and printable: both values come from strangers.
Must never be used to decide: an address can be shared, and an agent is what a client says it is.
"""

import ipaddress
from dataclasses import dataclass

AGENT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """The network address and the client software of whoever acted; empty when unknown."""

    ip: str = ""
    agent: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ip", _address(self.ip))
        object.__setattr__(self, "agent", _printable(self.agent))


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])  # a zone means nothing elsewhere
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _printable(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text[: AGENT_LIMIT * 2])
    return " ".join(shown.split())[:AGENT_LIMIT]
