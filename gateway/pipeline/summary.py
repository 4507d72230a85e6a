"""What lists show of a sealed mail without opening it: subject, names, file names, date.

It is sealed with the content key like the mail itself. Promises bounded, printable text from any
headers. Must never name a Bcc.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice

from policies.message.mime import Outline
from policies.text.view import decode_header
from vault.address import Address, header_addresses
from vault.packages.facts import Summary

LONGEST_TEXT = 300
MOST_NAMES = 100
MOST_IDS = 50
LONGEST_ID = 998  # RFC 5322 section 2.1.1: no line is longer
VISIBLE = ("To", "Cc", "Resent-To", "Resent-Cc")


def summarise(outline: Outline) -> Summary:
    """Return the summary of a mail."""
    return Summary(
        subject=_text(outline, "Subject"),
        author_name=next((name for name, _ in _mailboxes(outline, "From") if name), ""),
        to=_people(outline, "To"),
        cc=_people(outline, "Cc"),
        attachments=_file_names(outline),
        sent_at=_date(outline),
    )


def named_recipients(outline: Outline) -> frozenset[str]:
    """Return the addresses (folded) that the headers show to every recipient."""
    return frozenset(
        address.folded() for name in VISIBLE for _, address in _mailboxes(outline, name)
    )


def message_id(outline: Outline) -> str:
    """Return the Message-ID with its angle brackets, or an empty text."""
    return next(iter(_ids(outline, "Message-ID")), "")


def answered_ids(outline: Outline) -> tuple[str, ...]:
    """Return the Message-IDs that this mail answers, the nearest first."""
    found = [*_ids(outline, "In-Reply-To"), *reversed(_ids(outline, "References"))]
    return tuple(dict.fromkeys(found))[:MOST_IDS]


def _text(outline: Outline, name: str) -> str:
    values = outline.all(name)
    return _printable(decode_header(values[0])[0]) if values else ""


def _printable(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text[: 4 * LONGEST_TEXT])
    return " ".join(shown.split())[:LONGEST_TEXT]


def _mailboxes(outline: Outline, name: str) -> list[tuple[str, Address]]:
    return [
        (_printable(decode_header(shown)[0]) if shown else "", address)
        for raw in outline.all(name)
        for shown, address in header_addresses(raw.decode("utf-8", "replace"))
    ]


def _people(outline: Outline, name: str) -> tuple[str, ...]:
    people = islice(_mailboxes(outline, name), MOST_NAMES)
    return tuple(f"{shown} <{address}>" if shown else str(address) for shown, address in people)


def _file_names(outline: Outline) -> tuple[str, ...]:
    attached = (
        _printable(part.filename) or part.content_type
        for part in outline.parts
        if part.filename or part.disposition == "attachment"
    )
    return tuple(islice(attached, MOST_NAMES))


def _date(outline: Outline) -> datetime | None:
    try:
        sent = parsedate_to_datetime(outline.first("Date") or "")
        return sent.replace(tzinfo=UTC) if sent.tzinfo is None else sent.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _ids(outline: Outline, name: str) -> list[str]:
    words = (word for raw in outline.all(name) for word in raw.decode("latin-1").split())
    return [
        word for word in words if word[:1] == "<" and word[-1:] == ">" and len(word) <= LONGEST_ID
    ]
