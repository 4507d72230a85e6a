"""Domain names in one canonical form: lower-case ASCII after IDNA 2008 (UTS 46, non-transitional).

Promises that two texts give equal names only if DNS takes them to be equal.
Must never change case by any rule but ASCII's, nor use the idna codec of the standard library: both
turn some foreign names into well-known ones (`gmaıl.com`, `faß.de`).
"""

import re
from functools import lru_cache

import idna

from vault.errors import AddressError

TEXT_LIMIT = 512  # characters; a longer text is not looked at
DOMAIN_LIMIT = 253  # octets, without the root (RFC 1035 section 2.3.4)

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_JOINERS = {ord("\u200c"): None, ord("\u200d"): None}  # IDNA checks where these two may stand
ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def is_canonical(name: str) -> bool:
    """Say whether `name` has the form that `canonical_domain` gives."""
    if not _NAME.fullmatch(name) or len(name) > DOMAIN_LIMIT:
        return False
    return not name.rpartition(".")[2].isdigit()  # a name that ends in a number is an IP address


def canonical_domain(text: str) -> str:
    """Return a domain name of two or more labels in canonical form; raises AddressError.

    Refused are a trailing dot, an address literal, an underscore, an invisible character, and an
    `xn--` label that is not the one spelling of its name.
    """
    if len(text) > TEXT_LIMIT:
        raise AddressError("a domain name is not that long")
    name = text.translate(ASCII_LOWER)
    if not name.isascii() or "xn--" in name:
        name = _internationalised(text)
    if not is_canonical(name):
        raise AddressError("the part after the @ is not a domain name")
    return name


def covers(entry: str, domain: str) -> bool:
    """Say whether a list entry covers a canonical domain, comparing whole labels.

    `nhs.net` covers that name alone; `.gov.uk` covers every name under it, and not `gov.uk`.
    Raises AddressError if the entry is neither.
    """
    canonical = _canonical_entry(entry)
    return domain.endswith(canonical) if canonical.startswith(".") else domain == canonical


@lru_cache(maxsize=4096)
def _canonical_entry(text: str) -> str:
    if text.startswith("."):  # ".uk" is a fair entry, so a first label is lent to it
        return canonical_domain("any" + text).removeprefix("any")
    return canonical_domain(text)


def _internationalised(text: str) -> str:
    if not text.translate(_JOINERS).isprintable():
        raise AddressError("the part after the @ has an invisible character")
    try:
        name = _to_ascii(text)
        respelt = _to_ascii(idna.decode(name))
    except (idna.IDNAError, UnicodeError):
        raise AddressError("the part after the @ is not an international domain name") from None
    if respelt != name:
        raise AddressError("the part after the @ is not spelt as its own name")
    return name


def _to_ascii(text: str) -> str:
    return idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
