"""Times as outbox rows hold them, checked and put in words."""

from datetime import datetime
from email.utils import format_datetime

from gateway.notices import mime, wording
from gateway.notices.settings import NoticeSettings


def moment(text: str, settings: NoticeSettings) -> str:
    """Return an ISO 8601 time in the organisation's words; an empty text stays empty.

    Raises mime.UnsafeValueError for what is no time or has no zone.
    """
    return wording.moment(_read(text), settings.zone) if text else ""


def header_date(text: str) -> str:
    """Return an ISO 8601 time as header fields have it (RFC 5322, 3.3); empty stays empty.

    Raises mime.UnsafeValueError for what is no time or has no zone.
    """
    return format_datetime(_read(text)) if text else ""


def _read(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise mime.UnsafeValueError("a time is not in ISO 8601") from None
    if at.tzinfo is None:
        raise mime.UnsafeValueError("a time has no zone")
    return at
