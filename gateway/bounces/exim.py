"""Bounces and warnings of Exim, which writes them as plain text with a header field of its own.

`X-Failed-Recipients` stands on a failure. A warning has it not, and says "delivery delayed".
Newer versions add the standard form, which is read first.
"""

import re2

from gateway.bounces import phrases, report
from gateway.bounces.report import Report
from gateway.bounces.returned import Returned

_ABOUT = re2.compile(
    r"(?s)(?:address(?:es|\(es\))? failed|has not yet been delivered to is"
    r"|addresses to which .{0,200}delivered are):?\s*\n\s*\n(.{3,1000})"
)
_ENDS = re2.compile(r"\n\s*(?:------|No action is required|Reporting-MTA)")


def read(mail: Returned) -> Report | None:
    """Return what Exim says; None if it is not Exim."""
    failed = bool(mail.first("x-failed-recipients"))
    late = "created automatically by mail delivery software" in mail.text and (
        "delayed" in mail.subject or "delay" in mail.first("x-exim-dsn-information").lower()
    )
    if not failed and not late:
        return None
    found = _ABOUT.search(mail.text)
    said = _words(_ENDS.split(found[1], maxsplit=1)[0]) if found else ""
    known = phrases.class_of(said)
    status = report.enhanced(said) or (f"5.{known}" if known else "")
    if late and not failed:
        return report.delayed(status, "")
    return report.failed(status, said)


def _words(told: str) -> str:
    """Leave out the address lines; keep what the other server said, if it is quoted."""
    lines = [line.strip() for line in told.split("\n") if line.strip()]
    said = [line for line in lines[1:] if not line.startswith(("SMTP error from", "host "))]
    return " ".join(said)
