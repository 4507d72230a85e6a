"""What Microsoft Exchange and Exchange Online write, whose codes are partly their own.

Their reports mostly have the standard form, but 5.1.10 is their "no such recipient" (RFC 7505 says:
a domain without mail), and 5.4.1 their "no such recipient, seen from the edge". Older servers, and
some gateways between, write the same words as plain text.
"""

import re2

from gateway.bounces import dsn, report
from gateway.bounces.report import Outcome, Report
from gateway.bounces.returned import Returned

_OWN_WORDS = re2.compile(
    r"(?i)RESOLVER\.\w|\bRecipientNotFound|\bRecipNotFound|#[45]\.\d{1,3}\.\d{1,3}|\bAS\(\d{3,6}\)"
    r"|\.prod\.outlook\.com|protection\.outlook\.com|Access denied"
)
_HASHED = re2.compile(r"(?i)#([45]\.\d{1,3}\.\d{1,3})\W{0,3}\s*(?:SMTP;?\s*)?([^<>\n]{0,300})")
_QUOTED = re2.compile(
    r"(?i)(?:remote server returned|server returned|error is|error:)\s{0,3}['\"]?"
    r"([45]\d\d[ -]?[^'\"\n]{3,300})"
)
_MEANS = {
    "5.1.10": "5.1.1",
    "5.1.351": "5.1.1",
    "5.2.122": "5.7.1",
    "5.4.1": "5.1.1",
    "5.4.310": "5.1.2",
    "5.4.316": "5.4.7",
    "5.7.124": "5.7.1",
    "5.7.129": "5.7.1",
}


def read(mail: Returned) -> Report | None:
    """Return what Exchange says in words or codes of its own; None if there are none."""
    if not _is_exchange(mail):
        return None
    found = dsn.read(mail) or _in_words(mail)
    if found is None or found.outcome is not Outcome.FAILED:
        return None
    return Report(found.outcome, _MEANS.get(found.status, found.status), found.said)


def _in_words(mail: Returned) -> Report | None:
    hashed = _HASHED.search(mail.text)
    if hashed:
        return report.failed(hashed[1], hashed[2])
    told = _QUOTED.search(mail.text)
    return report.failed("", told[1]) if told else None


def _is_exchange(mail: Returned) -> bool:
    marked = any(
        one.name.lower().startswith("x-ms-exchange-message-is-ndr") for one in mail.headers
    )
    words = "\n".join([mail.text, *mail.statuses])
    return marked or _OWN_WORDS.search(words) is not None
