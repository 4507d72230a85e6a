"""What a mail address is, and when two of them are the same one.

There is one canonical form; policy, grants, sign-in and the next hop all use it. The domain is as
`vault.domain` makes it. The local part is compared byte for byte, because only the recipient's own
server knows whether `Bob` is `bob`. Beyond ASCII (RFC 6531) it is in NFC, and characters that are
another's compatible form are refused: somebody's software would fold them (RFC 8264 section 9.17).

Promises that an address never holds a control character, a second route or anything that a mail
server could read as more than one mailbox.
Must never give equal addresses for two texts that could be two mailboxes.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from vault.domain import ASCII_LOWER, canonical_domain, covers, is_canonical
from vault.errors import AddressError

__all__ = ["Address", "canonical_domain", "header_addresses"]

TEXT_LIMIT = 512  # characters; more than an address within the limits below
LOCAL_LIMIT = 64  # octets, RFC 5321 section 4.5.3.1.1
HEADER_LIMIT = 262_144  # characters of a header that are looked at
NAME_LIMIT = 200  # characters of a display name that are kept

# RFC 5322 atext without "%" and "!", which are routes to some servers, and RFC 6531 UTF8-non-ascii
_ATOM = r"[A-Za-z0-9#$&'*+\-/=?^_`{|}~\u0080-\U0010FFFF]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_WORD = r"[A-Za-z0-9#$&'*+\-=?^_`{|}~.]+"
_QUOTED = re.compile(rf'"{_WORD}(?: {_WORD})*"')
_OPTION_LIKE = ("-", "|", "/")  # read by some programs as an option, a command or a file

# a quoted string (perhaps cut off), plain text, an escaped character, or one special character
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[^"(),;:<>\\]++|\\.?|[(),;:<>]', re.DOTALL)
_COMMENT_TOKEN = re.compile(r"[^()\\]++|\\.?|[()]", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A mail address in canonical form; there is no way to make one that is not."""

    local: str
    domain: str

    def __post_init__(self) -> None:
        if not is_canonical(self.domain):
            raise AddressError("the part after the @ is not a domain name")
        if not 0 < len(self.local.encode("utf-8", "replace")) <= LOCAL_LIMIT:
            raise AddressError(f"the part before the @ has 1 to {LOCAL_LIMIT} bytes")
        if not (_DOT_ATOM.fullmatch(self.local) or _QUOTED.fullmatch(self.local)):
            raise AddressError("the part before the @ has characters that are not accepted")
        if self.local.lstrip('"').startswith(_OPTION_LIKE):
            raise AddressError("the part before the @ begins with a character that is not accepted")
        if not (self.local.isascii() or _is_plain_unicode(self.local)):
            raise AddressError("the part before the @ has characters that have another form")

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read one address, written without angle brackets or comments; raises AddressError.

        The local part is a dot-atom, in UTF-8 perhaps, or a simple quoted string in ASCII. Quotes
        that are not needed are dropped: `"bob"@example.org` is `bob@example.org` (RFC 5321 section
        4.1.2). Accents that follow their letter are joined to it (NFC).
        """
        if len(text) > TEXT_LIMIT:
            raise AddressError("an address is not that long")
        local, at, domain = text.rpartition("@")
        if not at:
            raise AddressError("there is no @ in it")
        if local.startswith('"') and _DOT_ATOM.fullmatch(local[1:-1]) and local.endswith('"'):
            local = local[1:-1]
        return cls(local if local.isascii() else _composed(local), canonical_domain(domain))

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    def folded(self) -> str:
        """Return the address with the local part in lower case: to look up spellings, no more."""
        return f"{self.local.translate(ASCII_LOWER)}@{self.domain}"

    def within(self, domains: Iterable[str]) -> bool:
        """Say whether the domain is one of `domains`, comparing whole labels.

        `nhs.net` means that domain alone; `.gov.uk` means every domain under it and not `gov.uk`.
        Raises AddressError if an entry is neither.
        """
        return any(covers(entry, self.domain) for entry in domains)

    def homely(self, own_domains: Iterable[str]) -> "Address":
        """Return the address with its local part in lower case if the domain is one of ours.

        Our own mail system is known to ignore case; nobody else's is.
        """
        if self.within(own_domains):
            return Address(self.local.translate(ASCII_LOWER), self.domain)
        return self


def _composed(local: str) -> str:
    """Return a local part in NFC. Raise AddressError where that would make ASCII of what is not."""
    if any(not one.isascii() and unicodedata.normalize("NFC", one).isascii() for one in local):
        raise AddressError("the part before the @ has a character that only looks like a letter")
    return unicodedata.normalize("NFC", local)


def _is_plain_unicode(local: str) -> bool:
    """Say whether it has one form, can be seen, and no accent stands without its letter."""
    return (
        local.isprintable()
        and unicodedata.normalize("NFKC", local) == local
        and not any(unicodedata.category(word[0]).startswith("M") for word in local.split("."))
    )


def header_addresses(value: str, limit: int = 1000) -> list[tuple[str, Address]]:
    """Return (display name, address) for each mailbox in a To, Cc or From header; never raises.

    Reads at most `HEADER_LIMIT` characters in one pass and looks at the first `limit` mailboxes.
    Groups are opened up, comments dropped, and what is not an accepted address is skipped. Encoded
    words (RFC 2047) in the name stay as they are. A header says nothing about who gets a message.
    """
    candidates = islice(_mailboxes(value[:HEADER_LIMIT]), limit)
    return [mailbox for pieces in candidates if (mailbox := _mailbox(pieces)) is not None]


def _mailboxes(value: str) -> Iterator[list[str]]:
    """Split a header at the commas, colons and semicolons outside quotes, comments and brackets."""
    current: list[str] = []
    in_brackets = False
    for piece in _tokens(value):
        if piece in ",;" and not in_brackets:
            if current:
                yield current
            current = []
        elif piece == ":" and not in_brackets:
            current = []  # that was the name of a group
        else:
            in_brackets = piece == "<" or (in_brackets and piece != ">")
            current.append(piece)
    if current:
        yield current


def _tokens(value: str) -> Iterator[str]:
    """Yield the tokens outside comments, which may be nested and may not be closed."""
    position = depth = 0
    while match := (_COMMENT_TOKEN if depth else _TOKEN).match(value, position):
        position = match.end()
        piece = match[0]
        if piece == "(" or (depth and piece == ")"):
            depth += 1 if piece == "(" else -1
        elif not depth:
            yield piece


def _mailbox(pieces: list[str]) -> tuple[str, Address] | None:
    name, address = "", "".join(pieces).strip()
    if "<" in pieces:
        opening = pieces.index("<")
        name = "".join(_plain(piece) for piece in pieces[:opening])
        address = "".join(pieces[opening + 1 :]).strip().removesuffix(">").strip()
    try:
        return " ".join(name.split())[:NAME_LIMIT], Address.parse(address)
    except AddressError:
        return None


def _plain(word: str) -> str:
    """Return a word of a display name without its quotes and escapes."""
    if word.startswith('"'):
        word = word[1:].removesuffix('"')
    return re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL)
