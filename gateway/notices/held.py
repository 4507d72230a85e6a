"""What the three letters about a held mail say: to its sender, to an approver, and how it ended.

Promises that none of them holds a word of the mail: reasons are the policy's own sentences, and
what an approver has written is read on the page alone.
"""

from typing import Any, Final

from gateway.notices import mime
from gateway.notices.instants import moment
from gateway.notices.settings import NoticeSettings

ENDS: Final = {
    "released": "Your held email was approved and is on its way",
    "refused": "Your held email was refused",
    "expired": "Your held email has expired and was not sent",
}


def held(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    """Return the facts of the letter that tells a sender that a mail is held."""
    if not fields["others"].isdecimal():
        raise mime.UnsafeValueError("others is a number")
    return {
        "recipients": _lines(fields["recipients"]),
        "others": int(fields["others"]),
        "reasons": _lines(fields["reasons"]),
        "expires": moment(fields["expires_at"], settings),
        "approval": fields["approval"] == "yes",
        "hold_id": fields["hold_id"],
        "reference": fields["reference"],
    }


def approval(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    """Return the facts of the letter that asks an approver."""
    return {
        "owner": mime.checked(fields["owner"]),
        "expires": moment(fields["expires_at"], settings),
        "hold_id": fields["hold_id"],
        "reference": fields["reference"],
    }


def settled(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    """Return the facts of the letter that tells a sender how it ended."""
    if fields["how"] not in ENDS:
        raise mime.UnsafeValueError("how is one of three words")
    return {
        "how": fields["how"],
        "headline": ENDS[fields["how"]],
        "answered": fields["answered"] == "yes",
        "reference": fields["reference"],
    }


def _lines(text: str) -> list[str]:
    return [mime.checked(line) for line in text.split("\n") if line]
