"""E-mail addresses of people. Mailboxes of a role (`info@`, `admissions@`) are not personal data.

Also as people write them to slip past a filter: `jo (at) example dot com`.
"""

from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.finding import Confidence, Severity
from policies.lists import generic_mailboxes
from policies.text import View

_OPTIONS = re2.Options()
_OPTIONS.case_sensitive = False
_AT = rb"(?:\s{0,2}@\s{0,2}|\s{0,2}[(\[{<]\s?(?:at|@)\s?[)\]}>]\s{0,2}|\s[-_*]?at[-_*]?\s)"
_DOT = rb"(?:\s{0,2}\.\s{0,2}|\s{0,2}[(\[{<]\s?(?:dot|\.)\s?[)\]}>]\s{0,2}|\sdot\s)"
_LOCAL = rb"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_PLAIN = re2.compile(
    rb"(" + _LOCAL + rb"(?:\." + _LOCAL + rb"){0,8})@((?:[a-z0-9?-]{1,63}\.){1,8}[a-z0-9?-]{2,24})",
    _OPTIONS,
)
_SPELT = re2.compile(
    rb"((?:[a-z0-9_+?'-]{1,40}" + _DOT + rb"){0,3}[a-z0-9_+?'-]{1,40})" + _AT
    + rb"((?:[a-z0-9-]{1,40}" + _DOT + rb"){1,4}"
    + rb"(?:com|net|org|uk|co|info|me|eu|io|ie|fr|de|gov|edu|biz|live))"
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
                if not _role(match.group(1)):
                    yield match.start(1), match.end(2), Confidence.SURE
        if b"at" in text.lower() or b"@" in text:
            for match in _SPELT.finditer(text):
                if not _role(match.group(1)):
                    yield match.start(1), match.end(2), Confidence.LIKELY


def _role(local: bytes) -> bool:
    name = local.decode("ascii").lower().partition("+")[0]
    roles = generic_mailboxes()
    return name in roles or name.replace(".", "").replace("-", "").replace("_", "") in roles


EMAIL_ADDRESS = EmailAddress("email_address", "an e-mail address", Severity.MEDIUM)
