"""Reports in the standard form: multipart/report with message/delivery-status (RFC 3464).

Postfix, Sendmail, Exim, Exchange, Gmail and most others write it. Where several recipients are told
of, a failure weighs more than a delay, and that more than a delivery.
"""

from collections.abc import Iterator

from gateway.bounces import phrases, report
from gateway.bounces.report import Outcome, Report
from gateway.bounces.returned import Returned

MOST_RECIPIENTS = 50
_GENERIC = frozenset({"", "5.0.0", "4.0.0", "5", "4"})


def read(mail: Returned) -> Report | None:
    """Return what the report says; None if it is none."""
    groups = [group for text in mail.statuses for group in _groups(text)]
    told = [found for group in groups if (found := _told(group, mail.text)) is not None]
    for outcome in (Outcome.FAILED, Outcome.DELAYED, Outcome.DELIVERED):
        for one in told:
            if one.outcome is outcome:
                return one
    return None


def _groups(text: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each recipient, names in lower case."""
    fields: dict[str, str] = {}
    name = ""
    count = 0
    for line in [*text.replace("\r", "").split("\n"), ""]:
        if not line.strip():
            if fields and count < MOST_RECIPIENTS:
                yield fields
            count, fields, name = count + bool(fields), {}, ""
        elif line[0] in " \t" and name:
            fields[name] += f" {line.strip()}"
        else:
            name, colon, value = line.partition(":")
            name = name.strip().lower() if colon else ""
            if name and name not in fields:
                fields[name] = value.strip()
            else:
                name = name if name in fields else ""


def _told(group: dict[str, str], text: str) -> Report | None:
    action = group.get("action", "").lower()
    status, said = group.get("status", ""), group.get("diagnostic-code", "")
    status = status.split(" ", 1)[0].strip()
    if action.startswith("fail"):
        return report.failed(_refined(status, said, text), said)
    if action.startswith("delay"):
        return report.delayed(status, said)
    if action.startswith(("deliver", "relay", "expand")):
        return Report(Outcome.DELIVERED)
    if not action and status[:2] == "5." and _is_recipient(group):
        return report.failed(_refined(status, said, text), said)
    return None


def _is_recipient(group: dict[str, str]) -> bool:
    return "final-recipient" in group or "original-recipient" in group


def _refined(status: str, said: str, text: str) -> str:
    """Return a code that says something, where words say it and the code does not."""
    if status not in _GENERIC:
        return status
    code = report.enhanced(said)
    if code and code not in _GENERIC:
        return code
    found = phrases.class_of(said) or phrases.class_of(text)
    return f"5.{found}" if found else status
