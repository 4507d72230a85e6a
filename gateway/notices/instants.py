"""Times as outbox rows hold them, checked and put in words."""

from datetime import datetime

from gateway.notices import mime, wording
from gateway.notices.settings import NoticeSettings


def moment(text: str, settings: NoticeSettings) -> str:
    """Return an ISO 8601 time in the organisation's words; an empty text stays empty.

    Raises mime.UnsafeValueError for what is no time or has no zone.
    """
    if not text:
        return ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise mime.UnsafeValueError("a time is not in ISO 8601") from None
    if at.tzinfo is None:
        raise mime.UnsafeValueError("a time has no zone")
    return wording.moment(at, settings.zone)
