"""Passwords and PINs that are said with their value: whoever reads them may use them.

Promises that a word alone ("password: required", "reset your password") is none: a value has
figures or signs among its letters, is put in quotation marks, or is the digits of a PIN. What
everybody gets who is invited to a meeting or may use the guests' network is nobody's secret.
"""

import re
from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import Trigger, options
from policies.text.view import View

_WORD = r"(?:pass ?words?|passwd|pwd|pass ?phrases?|cyfrinair)"
_PIN = r"(?:pin|key ?safe|door|alarm|entry)"
_LABEL = rf"(?i:\b(?:{_WORD}|{_PIN})\b)"
_PLACE = re2.compile(_LABEL.encode(), options())
# Bounded, and asked only right behind such a word: there is little to go back to.
_LINK = r"(?:\s(?:is|was|are|will be|yw|i'w)\b\s?[:=]?|\s?[:=]|\s-)\s?"
_FOR = r"(?:\s(?:for|to|of|on)\s[\w' .-]{2,40}?)?"
_GIVEN = r"(?:\"(?P<quoted>[^\"]{4,64})\"|'(?P<ticked>[^'\s]{4,64})'|(?P<bare>[^\s\"<>]{6,64}))"
_LINKED = re.compile(rf"(?i){_WORD}{_FOR}{_LINK}{_GIVEN}")
_BARE = re.compile(rf"(?i){_WORD}\s{_GIVEN}")
_DIGITS = re.compile(
    r"(?i)(?:pin|(?:key ?safe|door|alarm|entry)(?=\s(?:code|number|no|pin|is)\b|\s?:))"
    rf"(?:\s(?:code|number|no\.?|pin))?(?:{_LINK}|\s)\"?(?P<bare>[0-9]{{4,8}})(?![0-9A-Za-z.,/-]*[0-9])"
)
_LONGEST = 140  # characters from the word to the end of its value
_SHARED = Words(
    "meeting", "meeting id", "webinar", "zoom", "teams", "conference", "join", "dial", "wifi",
    "wi fi", "guest", "guests", "broadband", "demo",
)  # fmt: skip
_ADDRESS = re.compile(r"(?i)https?:|www\.|[\w.]@[\w-]+\.[a-z]")
_FEWEST = 4  # different characters


class Password(ShapeDetector):
    """A value right behind the word for it."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield the values."""
        for place in _PLACE.finditer(view.ascii):
            at = place.start()
            text = view.normal[at : at + _LONGEST]
            linked = _LINKED.match(text) or _DIGITS.match(text)
            match = linked or _BARE.match(text)
            if match is None or _SHARED.near(view, *place.span()):
                continue
            kind = match.lastgroup or "bare"
            value = match.group(kind).rstrip(".,;:!?)")
            if kind != "bare" or _is_secret(value, linked=linked is not None):
                first = at + match.start(kind)
                yield first, first + len(value), Confidence.LIKELY


def _is_secret(value: str, *, linked: bool) -> bool:
    """Tell whether a value is no word, no address and no row of stars."""
    if _ADDRESS.search(value) or len(set(value)) < _FEWEST:
        return False
    letters, figures = sum(map(str.isalpha, value)), sum(map(str.isdecimal, value))
    if not letters:
        return figures == len(value)
    return figures > 0 or (linked and not value.replace("-", "").replace("/", "").isalpha())


PASSWORD = Password(
    "password",
    "a password",
    Severity.MEDIUM,
    trigger=Trigger(labels=_LABEL),
    headers=("Password", "PIN", "Passcode"),
)
