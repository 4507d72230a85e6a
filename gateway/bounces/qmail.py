"""Bounces in qmail's form: the qmail-send bounce message format (QSBMF), plain text.

    Hi. This is the qmail-send program at example.org.
    I'm afraid I wasn't able to deliver your message to the following addresses.

    <amy@example.org>:
    Sorry, no mailbox here by that name. (#5.1.1)

    --- Below this line is a copy of the message.

Yahoo's servers wrote in the same form. Source: https://cr.yp.to/proto/qsbmf.txt
"""

import re2

from gateway.bounces import phrases, report
from gateway.bounces.report import Report
from gateway.bounces.returned import Returned

_BEGINS = re2.compile(
    r"^\s*(?:Hi\.(?: This is the| The) |This is the (?:qmail-send|.{0,60} program at)"
    r"|Message from .{1,80}\.\s*\n\s*Unable to deliver)",
)
_CUT = re2.compile(r"(?m)^--- (?:Below this line|Enclosed|Undelivered message|Original message)")
_RECIPIENT = re2.compile(r"(?m)^<?[^\s<>]{1,320}@[^\s<>]{1,255}>?:[ \t]*\n((?:[^\n]+\n?){1,12})")
_DELAYED = re2.compile(r"I'm not going to give up yet|will keep trying|still trying|just a warning")
_CODE = re2.compile(r"#([45]\.\d{1,3}\.\d{1,3})")


def read(mail: Returned) -> Report | None:
    """Return what a bounce in this form says; None if it has another."""
    text = _CUT.split(mail.text, maxsplit=1)[0]
    found = _RECIPIENT.search(f"{text}\n") if _BEGINS.search(text) and not mail.statuses else None
    if found is None:
        return None
    said = " ".join(found[1].split())
    code = _CODE.search(said)
    status = code[1] if code else report.enhanced(said)
    if not status or status in {"5.0.0", "5.1.0"}:
        known = phrases.class_of(said)
        status = f"5.{known}" if known else "5.0.0"
    if _DELAYED.search(text):
        return report.delayed(status, said)
    return report.failed(status, _CODE.sub("", said).replace("()", ""))
