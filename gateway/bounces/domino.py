"""What Lotus Notes and HCL Domino write when they have no standard report.

Your message

  Subject: Secure message

was not delivered to:

  amy@example.org

because:

  User amy (amy@example.org) not listed in Domino Directory
"""

import re2

from gateway.bounces import phrases, report
from gateway.bounces.report import Report
from gateway.bounces.returned import Returned

_BECAUSE = re2.compile(
    r"(?is)was not delivered to:?\s.{1,600}?\bbecause:?\s+(.{3,300}?)(?:\n\s*\n|\z)"
)


def read(mail: Returned) -> Report | None:
    """Return what Domino says; None if it is not Domino."""
    found = _BECAUSE.search(mail.text[:8000])
    if found is None:
        return None
    said = " ".join(found[1].split())
    known = phrases.class_of(said)
    return report.failed(report.enhanced(said) or (f"5.{known}" if known else ""), said)
