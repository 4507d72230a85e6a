"""What the letter to an administrator says about a policy file that was changed.

Promises that it quotes the policy file alone: its problems, and the reasons why a change waits.
"""

from typing import Any, Final

from gateway.notices import mime
from gateway.notices.settings import NoticeSettings

HEADLINES: Final = {
    "refused": "The changed policy file cannot be used",
    "waits": "A change of the policy waits for a second person",
}
SHOWN_AT_MOST: Final = 20


def policy(fields: dict[str, str], _settings: NoticeSettings) -> dict[str, Any]:
    """Return the facts of the letter."""
    if fields["what"] not in HEADLINES:
        raise mime.UnsafeValueError("what is one of two words")
    lines = [mime.checked(line) for line in fields["why"].split("\n") if line]
    return {
        "what": fields["what"],
        "headline": HEADLINES[fields["what"]],
        "file": mime.checked(fields["file"]),
        "lines": lines[:SHOWN_AT_MOST],
        "further": max(0, len(lines) - SHOWN_AT_MOST),
        "digest": mime.checked(fields["digest"]),
        "in_force": mime.checked(fields["in_force"]),
        "reference": "",
    }
