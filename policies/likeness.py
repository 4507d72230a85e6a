"""When one address looks like another, so that a sender may have meant the other.

Compares with the addresses that the sender often writes to, and the domain with our own. Promises
that an address is no near miss of itself, and that addresses too short to tell apart are not
compared by letters. Must never be used to treat two addresses as one.
"""

import re
from collections.abc import Iterable

import idna

from policies.text.confusables import FOREIGN, LOOKALIKES
from vault.address import Address

SHORTEST = 4  # characters of a name that may differ by one and still be alike
SHORTEST_OF_OURS = 6  # of the first label of a domain of ours: many councils have short names
_SEPARATORS = re.compile(r"[._'+-]")
# What the eye takes for one another in most typefaces, to one spelling.
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SHAPES = str.maketrans("01i5|", "ollsl")


def near_miss(address: Address, often: Iterable[Address], own_domains: Iterable[str] = ()) -> bool:
    """Say whether an address looks like one of `often`, or its domain like one of ours.

    An address that is itself among `often`, or in a domain of ours, is no near miss.
    """
    known = tuple(often)
    if any(address.folded() == other.folded() for other in known):
        return False
    if any(resembles(address, other) for other in known):
        return True
    ours = tuple(own_domains)
    return not address.within(ours) and any(_like_ours(address.domain, one) for one in ours)


def resembles(one: Address, other: Address) -> bool:
    """Say whether two different addresses look alike.

    Either the names are the same and the domains alike, or the domains are the same and the names
    alike, or both look the same letter by letter.
    """
    name, other_name = _name(one), _name(other)
    if one.domain == other.domain:
        return _names_alike(name, other_name)
    if name == other_name:
        return domains_alike(one.domain, other.domain)
    return _skeleton(name) == _skeleton(other_name) and (
        _skeleton(one.domain) == _skeleton(other.domain)
    )


def domains_alike(one: str, other: str) -> bool:
    """Say whether two different domains look alike: by shape, by one letter, or by ending."""
    if _skeleton(one) == _skeleton(other):
        return True
    first, _, rest = one.partition(".")
    other_first, _, other_rest = other.partition(".")
    if first == other_first and len(first) >= SHORTEST:
        return True  # partner.org, partner.org.uk
    if rest == other_rest:
        return len(first) >= SHORTEST and one_apart(first, other_first)
    return one.replace(".", "") == other.replace(".", "") or (
        min(len(one), len(other)) > 2 * SHORTEST and one_apart(one, other)
    )


def one_apart(one: str, other: str) -> bool:
    """Say whether one letter was changed, added, left out, or swapped with its neighbour."""
    if len(one) > len(other):
        one, other = other, one
    if one == other or len(other) - len(one) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    return one[at + 1 :] == other[at + 1 :] or (
        one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    )


def _names_alike(one: str, other: str) -> bool:
    plain, other_plain = _SEPARATORS.sub("", one), _SEPARATORS.sub("", other)
    if plain == other_plain or _skeleton(one) == _skeleton(other):
        return True
    if min(len(plain), len(other_plain)) >= SHORTEST and one_apart(plain, other_plain):
        return True
    words, other_words = _SEPARATORS.split(one), _SEPARATORS.split(other)
    return len(words) > 1 and sorted(words) == sorted(other_words)  # smith.john, john.smith


def _like_ours(domain: str, ours: str) -> bool:
    """Compare with a domain of ours; one that stands for its subdomains is compared by its end."""
    entry = ours.removeprefix(".")
    if ours.startswith("."):
        domain = ".".join(domain.split(".")[-len(entry.split(".")) :])
    if _skeleton(domain) == _skeleton(entry):
        return True
    first, _, rest = domain.partition(".")
    other_first, _, other_rest = entry.partition(".")
    if rest == other_rest:
        return len(other_first) >= SHORTEST_OF_OURS and one_apart(first, other_first)
    # bristol.ac.uk is no slip of the pen for bristol.gov.uk; bristol.gov.co is.
    return one_apart(domain, entry) or domain.replace(".", "") == entry.replace(".", "")


def _name(address: Address) -> str:
    return address.folded().rpartition("@")[0]


def _skeleton(text: str) -> str:
    """Return what a text looks like: equal skeletons are hard to tell apart."""
    shown = ".".join(_shown(label) for label in text.split("."))
    plain = "".join(FOREIGN.get(char, char) for char in shown).translate(LOOKALIKES).lower()
    for pair, single in _PAIRS:
        plain = plain.replace(pair, single)
    return plain.translate(_SHAPES)


def _shown(label: str) -> str:
    """Return a label as people see it; one that cannot be decoded stays as it is."""
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except idna.IDNAError:
        return label
