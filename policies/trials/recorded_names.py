"""The names that policies themselves write, by the hashes under which records hold them.

For `policies.trials.replay`. Promises that no name comes back from a record unless a policy names
it already. Must never be given anything but policies to take names from.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from policies.language.loader import Source
from policies.language.members import MemberList
from policies.language.schema import Part
from policies.trials.recorded import SEPARATORS, Hashed
from policies.trials.recorded_facts import Known

_RECORDED_SHAPE: Final = re.compile(r"[^*]+-\*|\*-[^*]+")


def known_names(sources: Iterable[Source], hashed: Hashed) -> Known:
    """Return the names that policies write, by the hashes under which records hold them."""
    addresses: dict[str, str] = {}
    mailboxes: dict[str, str] = {}
    patterns: dict[str, str] = {}
    odd = False
    for source in sources:
        for members in (*source.lists.values(), *_written(source.parsed)):
            addresses.update((hashed(entry), entry) for entry in members.addresses)
            mailboxes.update((hashed(f"{entry}@"), entry) for entry in members.mailboxes)
            for entry in members.mailbox_patterns:
                shape = re.sub(SEPARATORS, "-", entry)
                patterns[hashed(shape)] = shape.replace("*", "x")
                odd = odd or _RECORDED_SHAPE.fullmatch(shape) is None
    return Known(addresses=addresses, mailboxes=mailboxes, patterns=patterns, odd_patterns=odd)


def _written(parsed: Part) -> Iterator[MemberList]:
    """Yield the addresses and mailboxes that groups and rules write out themselves."""
    members = MemberList("")
    for name, value in _texts(parsed):
        kind = {"address": "addresses", "mailbox": "mailboxes"}.get(name, name)
        if kind in {"addresses", "mailboxes"}:
            members.add(kind, value)
    yield members


def _texts(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield name, value
        case Part():
            for key, inner in value:
                yield from _texts(inner, key)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner, name)
        case dict():
            for inner in value.values():
                yield from _texts(inner, name)
