"""Header lines that external mail leaves without.

Promises that a line which a DKIM or ARC signature covers stays, and that our own Received lines
stay: they are what ends a mail that goes in circles. Must never take out what every mail needs; the
policy language does not let anybody ask for it.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from ipaddress import ip_address

from policies.changes.fields import Field, signed_names
from policies.changes.splice import Edit

INTERNAL = "internal"
INTERNAL_RECEIVED = "internal_received"
GROUPS = {
    INTERNAL: (
        "x-ms-exchange-organization-*",
        "x-ms-exchange-forest-*",
        "x-ms-exchange-crosstenant-*",
        "x-ms-exchange-crosspremises-*",
        "x-originating-ip",
        "x-sealgate-*",
    )
}
_ADDRESS = re.compile(rb"\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]|\((?:IPv6:)?([0-9A-Fa-f.:]{7,45})\)")


def plan(
    fields: Iterable[Field], names: Iterable[str], hostname: str
) -> tuple[list[Edit], tuple[str, ...]]:
    """Return the edits that take fields out of a header, and the names of those that must stay."""
    fields = list(fields)
    wanted = [pattern for name in names for pattern in GROUPS.get(name, (name.lower(),))]
    signed = signed_names(fields)
    edits, kept = [], []
    for field in fields:
        if not _unwanted(field, wanted, hostname):
            continue
        if signed is None or field.name in signed:
            kept.append(field.name)
        else:
            edits.append(Edit(field.at, len(field.raw), b""))
    return edits, tuple(dict.fromkeys(kept))


def _unwanted(field: Field, wanted: list[str], hostname: str) -> bool:
    if field.name == "received":
        return INTERNAL_RECEIVED in wanted and _internal(field, hostname)
    return any(fnmatchcase(field.name, pattern) for pattern in wanted)


def _internal(field: Field, hostname: str) -> bool:
    """Say whether a Received line names private addresses and no other, and is not ours."""
    own = rb"\bby\s+" + re.escape(hostname.encode()) + rb"(?![\w.-])"
    if re.search(own, field.value, re.IGNORECASE):
        return False
    found = [_private(one or other) for one, other in _ADDRESS.findall(field.value)]
    return bool(found) and all(found)


def _private(text: bytes) -> bool:
    try:
        return ip_address(text.decode("ascii")).is_private
    except ValueError:
        return False
