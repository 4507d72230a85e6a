"""The words of our letters that are not in a template: names, dates, subjects, reasons.

Promises British English, times in the organisation's zone, and that a name which came with a mail
cannot pass for an address, a link or a header. Pure.
"""

import re
import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

from vault.packages.hours import OpenHours
from vault.sending import reasons

WIDTH = 75
LONGEST_NAME = 64

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_NAME_MARKS = frozenset(" .,'’-()&")
_LINK_LIKE = re.compile(r"\w\.\w{2}|\bwww\b|\bhttps?\b", re.IGNORECASE)
_LEADING = re.compile(r"( *(?:\d+\. |- )?)(.*)", re.DOTALL)
_STATUS = re.compile(r"([245])\.(\d{1,3}\.\d{1,3}) ?(.*)", re.DOTALL)
_NOON = 12

# What a person can do about it, by the part of an enhanced status code that says why (RFC 3463).
_ADVICE = {
    "1.0": "Please check the spelling.",
    "1.1": "Please check the spelling.",
    "1.2": "Please check the spelling.",
    "1.10": "Please check the spelling.",
    "2.2": "Please reach the recipient in another way.",
}


def person(name: str) -> str:
    """Return a display name that is safe to repeat, or nothing.

    Letters, marks, digits and a few signs are kept. What looks like an address or a link is
    refused whole: beside the verified address it could only mislead.
    """
    plain = unicodedata.normalize("NFC", name)
    if "@" in plain or _LINK_LIKE.search(plain):
        return ""
    kept = "".join(
        c if unicodedata.category(c)[0] in "LMN" or c in _NAME_MARKS else " " for c in plain
    )
    short = " ".join(kept.split())[:LONGEST_NAME].strip(" .,-&")
    return short if any(c.isalpha() for c in short) else ""


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return "5:30pm on Thursday 24 December 2026", with the zone if it is not plain UK time."""
    local = at.astimezone(zone)
    hour = local.hour % _NOON or _NOON
    minutes = f":{local.minute:02}" if local.minute else ""
    half = "pm" if local.hour >= _NOON else "am"
    named = "UK time" if zone.key == "Europe/London" else local.tzname()
    day = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{hour}{minutes}{half} on {day} ({named})"


def abilities(*, copy: bool, reply: bool) -> str:
    """Say what a recipient can do with an opened message: "read the message and reply"."""
    can = ["read the message"]
    can += ["save what is attached"] if copy else []
    can += ["reply"] if reply else []
    *most, last = can
    return f"{', '.join(most)} and {last}" if most else last


def hours(written: str) -> str:
    """Say at which hours a message is open: "Monday to Friday, 08:00 to 18:00 (UK time)".

    Raises ValueError for what are no hours.
    """
    return OpenHours.parse(written).words() if written else ""


def grouped(code: str) -> str:
    """Return the digits of a code in two groups, which are easier to read and to type."""
    middle = len(code) // 2
    return f"{code[:middle]} {code[middle:]}"


def reason(status: str) -> str:
    """Say in plain English what an enhanced status code means for the sender, and what to do."""
    why = reasons.clause(status)
    advice = _ADVICE.get(reasons.code_of(status), "")
    return f"{why[:1].upper()}{why[1:]}. {advice}".strip()


def split_status(status: str) -> tuple[str, str]:
    """Return the enhanced code for a delivery report, and the other server's words."""
    found = _STATUS.match(status)
    if found is None:
        return "5.0.0", status
    return f"{found[1]}.{found[2]}", found[3]


def wrapped(text: str) -> str:
    """Wrap each line of a rendered letter at WIDTH; lists hang, a link is never broken."""
    return "\n".join(_wrapped_line(line.rstrip()) for line in text.strip("\n").split("\n")) + "\n"


def _wrapped_line(line: str) -> str:
    if len(line) <= WIDTH:
        return line
    found = _LEADING.match(line)
    lead = found[1] if found else ""
    indent = "\n" + " " * len(lead)
    return lead + indent.join(_broken(line[len(lead) :], WIDTH - len(lead)))


def _broken(text: str, room: int) -> list[str]:
    """Return lines of at most `room` characters; a longer word has one of its own, for a link.

    What `textwrap` does, in a tenth of the time: a notice has a dozen long lines.
    """
    lines, rest = [], text.strip(" ")
    while len(rest) > room:
        end = rest.rfind(" ", 0, room + 1)
        if end < 0 and (end := rest.find(" ")) < 0:
            break
        lines.append(rest[:end].rstrip(" "))
        rest = rest[end:].lstrip(" ")
    return [*lines, rest]
