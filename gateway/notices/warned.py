"""What the letter says that tells a sender about mails which were not stopped.

Promises the policy's own sentences, references and names of rules, and nothing of any mail.
"""

import json
from collections.abc import Sequence
from typing import Any

from gateway.notices import mime
from gateway.notices.instants import moment
from gateway.notices.settings import NoticeSettings
from vault.sending.warnings import MOST_LISTED, Gathered


def warning(fields: dict[str, str], settings: NoticeSettings) -> dict[str, Any]:
    """Return the facts of a note about one mail, or of one about those of an hour."""
    lines = json.loads(fields.get("listed", "[]"))
    return {
        "sentences": _lines(fields.get("sentences", "")),
        "rules": mime.checked(fields.get("rules", "")),
        "reference": fields.get("reference", ""),
        "listed": [
            {
                "at": moment(at, settings),
                "reference": mime.checked(reference),
                "rules": mime.checked(rules),
            }
            for at, reference, rules in lines[:MOST_LISTED]
        ],
        "more": len(lines) > MOST_LISTED,
    }


def listed(found: Sequence[Gathered]) -> str:
    """Write down what a gathered note is about, for `warning`."""
    return json.dumps([(one.at.isoformat(), one.reference, one.rules) for one in found])


def _lines(text: str) -> list[str]:
    return [mime.checked(line) for line in text.split("\n") if line]
