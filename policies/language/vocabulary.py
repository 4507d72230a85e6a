"""Words of the policy language: what may stand in a place, and the nearest right one.

For the schema and for the sentences about a broken file. Promises that a wrong word is always
answered with the words allowed there. Must never accept a word by guessing.
"""

import difflib
from collections.abc import Iterable, Mapping

from pydantic_core import PydanticCustomError

from policies.errors import quoted

# What administrators of other mail products would write.
SYNONYMS: Mapping[str, str] = {
    "allow": "relay",
    "attachments": "attachment",
    "bcc": "recipient",
    "block": "refuse",
    "certain": "sure",
    "classification": "marking",
    "content": "body",
    "condition": "when",
    "conditions": "when",
    "deliver": "relay",
    "deny": "refuse",
    "doc": "document",
    "encrypt": "seal",
    "excel": "spreadsheet",
    "exe": "executable",
    "from": "sender",
    "highest": "critical",
    "if": "when",
    "inbound": "internal",
    "message": "tell_sender",
    "nhs": "nhs_number",
    "nino": "national_insurance_number",
    "dob": "date_of_birth",
    "outbound": "external",
    "partners": "partner",
    "picture": "image",
    "pass": "relay",
    "quarantine": "hold",
    "reject": "refuse",
    "send": "relay",
    "to": "recipient",
    "text": "body",
    "unless": "except",
    "word": "document",
}


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed word that `word` was probably meant to be, if any."""
    spelt = {_tidy(name): name for name in allowed}
    tidy = _tidy(word)
    for candidate in (tidy, SYNONYMS.get(tidy, "")):
        if candidate in spelt:
            return spelt[candidate]
    close = difflib.get_close_matches(tidy, spelt, n=1, cutoff=0.6)
    return spelt[close[0]] if close else None


def _tidy(word: str) -> str:
    return word.strip().casefold().replace("-", "_").replace(" ", "_")


def unknown_word(noun: str, word: object, allowed: Iterable[str]) -> PydanticCustomError:
    """Return the error for a word that is not one of `allowed`, for `policies.language.wording`."""
    names = list(allowed)
    close = nearest(word, names) if isinstance(word, str) else None
    return wrong(
        f"unknown {noun} {quoted(str(word))}",
        allowed=", ".join(names),
        mend=f"did you mean {quoted(close)}?" if close else "",
    )


def wrong(found: str, allowed: str = "", mend: str = "") -> PydanticCustomError:
    """Return an error that already speaks plain English, for `policies.language.wording`."""
    context = {"found": found, "allowed": allowed, "mend": mend}
    return PydanticCustomError("plain", "{found}", context)
