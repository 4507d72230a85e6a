"""What the letter says that tells a sender which sealed messages have not been opened.

Promises references, times and recipients' addresses, and nothing of any mail.
"""

import json
from typing import Any

from gateway.notices import mime
from gateway.notices.instants import moment
from gateway.notices.settings import NoticeSettings
from vault import identifier
from vault.sending.reporting import AT_ONCE


def report(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    """Return the facts of a report about one package or several."""
    try:
        told = json.loads(fields["packages"])[:AT_ONCE]
        found = [_standing(one, settings) for one in told]
    except (ValueError, TypeError, KeyError, IndexError):
        raise mime.UnsafeValueError("packages are not written as they should be") from None
    headline = (
        f"{len(found)} secure messages have not been opened by everybody"
        if len(found) > 1
        else f"Your secure message has not been opened by everybody ({found[0]['reference']})"
    )
    return {"packages": found, "headline": headline}


def _standing(told: dict[str, Any], settings: NoticeSettings) -> dict[str, Any]:
    package_id = str(told["package_id"])
    if not identifier.is_identifier(package_id):
        raise mime.UnsafeValueError("package_id is no identifier")
    return {
        "package_id": package_id,
        "reference": mime.checked(str(told["reference"])),
        "sealed": moment(str(told["sealed_at"]), settings),
        "expires": moment(str(told["expires_at"]), settings),
        "is_over": bool(told["is_over"]),
        "destroyed": moment(str(told["destroy_at"]), settings),
        "opened": _opened(int(told["opened"]), int(told["recipients"])),
        "unopened": [mime.checked(str(one)) for one in told["unopened"]],
        "undelivered": [mime.checked(str(one)) for one in told["undelivered"]],
        "more": int(told["more"]),
    }


def _opened(opened: int, recipients: int) -> str:
    if recipients == 1:
        return "The recipient has not opened it"
    have = "has" if opened == 1 else "have"
    return f"{opened or 'None'} of {recipients} recipients {have} opened it"
