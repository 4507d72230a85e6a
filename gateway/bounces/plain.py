"""Failures told in words, in no form that is known: a guess from codes and phrases.

Promises to guess only about mail that presents itself as a failure, by its sender or its subject: a
person who writes "550" is a person. A code alone is enough, or a phrase that means one thing.
"""

import re2

from gateway.bounces import phrases, report
from gateway.bounces.report import Report
from gateway.bounces.returned import Returned

LOOKED_AT = 8000
_DAEMON = re2.compile(
    r"(?i)\b(?:mailer-?daemon|mail-?daemon|postmaster|mdaemon|mail delivery (?:sub)?system"
    r"|mail ?delivery ?system|maildeliverysystem|mailsystem|mmdf|delivery status)\b"
)
_FAILURE = re2.compile(
    r"undeliver|unable to deliver|not delivered|could(?: not|n't) be delivered|delivery (?:has )?"
    r"(?:failed|failure|status|problem|report)|delivery notification|failure notice|fail(?:ed|ure) "
    r"(?:delivery|to deliver)|returned mail|mail (?:system )?(?:error|delivery failed)|message "
    r"(?:rejected|blocked|bounced)|mail bounced|non[- ]?deliver|rejected:|unzustellbar"
    r"|nicht zugestellt|non remis|niet (?:afgeleverd|bezorgd)|no (?:se pudo|entregado)|mislukt"
)
_LATE = re2.compile(
    r"delayed|delay\b|warning|still (?:being )?(?:retried|trying)|not yet been delivered"
    r"|will (?:keep|continue) trying|queued for"
)
_LINE = re2.compile(r"(?m)^(?:[^\n]*[^\d.\n])?[45](?:\d\d[ -]|\.\d{1,3}\.\d{1,3})[^\n]*")


def read(mail: Returned) -> Report | None:
    """Return a guess; None if there is no telling."""
    if not presents_itself_as_failure(mail):
        return None
    text = mail.text[:LOOKED_AT]
    found = _LINE.search(text)
    said = " ".join(found[0].split()) if found else ""
    known = phrases.class_of(said) or phrases.class_of(text)
    status = report.enhanced(said) or (f"5.{known}" if known else "")
    if _LATE.search(mail.subject) or (status.startswith("4") and _LATE.search(text.lower())):
        return report.delayed(status, said)
    if not status:
        return None
    return report.failed(status, said)


def presents_itself_as_failure(mail: Returned) -> bool:
    """Say whether sender or subject are those of a mail system that reports a failure."""
    daemon = _DAEMON.search(mail.first("from")) is not None
    failure = _FAILURE.search(mail.subject) is not None
    return failure or (daemon and mail.null_sender) or (daemon and bool(_LATE.search(mail.subject)))
