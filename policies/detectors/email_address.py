"""E-mail addresses of people. Mailboxes of a role (`info@`, `admissions@`) are not personal data.

Also as people write them to slip past a filter: `jo (at) example dot com`.
"""

import re
from collections.abc import Iterator
from functools import cache

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import Trigger, options
from policies.language.members import ListReader, MemberList, mailbox_name
from policies.text.view import View

_OPTIONS = options()
_OPTIONS.case_sensitive = False
_AT = rb"(?:\s{0,2}@\s{0,2}|\s{0,2}[(\[{<]\s?(?:at|@)\s?[)\]}>]\s{0,2}|\s[-_*]?(at)[-_*]?\s)"
_DOT = rb"(?:\s{0,2}\.\s{0,2}|\s{0,2}[(\[{<]\s?(?:dot|\.)\s?[)\]}>]\s{0,2}|\sdot\s)"
_TLD = rb"(?:com|net|org|uk|co|info|me|eu|io|ie|fr|de|gov|edu|biz|live)"
_PARTS = frozenset(  # of a role's name that has several, such as parking.appeals
    [
        "appeals",
        "team",
        "support",
        "duty",
        "desk",
        "bookings",
        "office",
        "requests",
        "parking",
        "housing",
        "planning",
    ]
)
_LOCAL = rb"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_SPELT_AT = re2.compile(rb"[(\[{<]\s?(?:at|@)|\s[-_*]?at[-_*]?\s|\s@|@\s", _OPTIONS)
_PLAIN = re2.compile(
    _LOCAL + rb"(?:\." + _LOCAL + rb"){0,8}@(?:[a-z0-9?-]{1,63}\.){1,8}[a-z0-9?-]{2,24}",
    _OPTIONS,
)
_SPELT = re2.compile(
    rb"((?:[a-z0-9_+?'-]{1,40}" + _DOT + rb"){0,3}[a-z0-9_+?'-]{1,40})" + _AT
    + rb"((?:[a-z0-9-]{1,40}" + _DOT + rb"){1,4}"
    + _TLD + rb")"
    + rb"(?:[^a-z0-9]|$)",
    _OPTIONS,
)  # fmt: skip


class EmailAddress(ShapeDetector):
    """An address, unless its local part is a role."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield addresses as written, and as spelt out."""
        text = view.ascii
        if b"@" in text:
            for match in _PLAIN.finditer(text):
                start, end = match.span()
                if not _role(text[start : text.index(b"@", start)]):
                    yield start, end, Confidence.SURE
        if _SPELT_AT.search(text):
            for match in _SPELT.finditer(text):
                local, at, domain = match.groups()
                if (at is None or _spelt_out(local, domain)) and not _role(local):
                    yield match.start(1), match.end(3), Confidence.LIKELY


def _spelt_out(local: bytes, domain: bytes) -> bool:
    """Tell whether "x at y" is an address: "look at bbc.co.uk" is none, "jo at bbc dot com" is."""
    host = domain.lower().replace(b" ", b"")
    return b" dot " in domain.lower() or b"." in local or host in _webmail()


@cache
def _webmail() -> frozenset[bytes]:
    return frozenset(domain.encode() for domain in _shipped("domains", "personal_webmail.txt"))


@cache
def _roles() -> frozenset[str]:
    return _shipped("mailboxes", "generic_mailboxes.txt")


def _shipped(kind: str, file: str) -> frozenset[str]:
    members = MemberList(file)
    ListReader(None).add_file(members, kind, file, (__name__, 0))
    return frozenset(members.mailboxes | members.exact_domains)


def _role(local: bytes) -> bool:
    name, roles = local.decode("ascii"), _roles()
    pieces = re.split("[._-]", name.lower())
    return mailbox_name(name) in roles or all(one in roles or one in _PARTS for one in pieces)


EMAIL_ADDRESS = EmailAddress(
    "email_address",
    "an e-mail address",
    Severity.MEDIUM,
    trigger=Trigger(
        signs=r"@|(?i:[(\[{<]\s?at\s?[)\]}>]|\s[-_*]?at[-_*]?\s[a-z0-9-]{1,40}"
        rf"(?:\s?[(\[{{<]?dot|\s{{0,2}}\.\s{{0,2}}{_TLD.decode()}[^a-z0-9]))"
    ),
    at_once=True,
)
