"""Protective markings: how sensitive the author calls the mail.

Levels are those of the Government Security Classifications (Cabinet Office, 2014, revised 2024).
CONFIDENTIAL and RESTRICTED, which are older, count as OFFICIAL-SENSITIVE. Looked for in the
subject, in the header fields that carry markings, and on lines of their own in text and
attachments, where documents have them at head and foot. Promises that of several markings the
highest counts. Must never take a word in running text for a marking.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from policies.message.subject import SUBJECT_HEADERS, Readings

HEADERS = ("x-protective-marking", "protective-marking", "x-classification")


class Level(IntEnum):
    """How sensitive; a higher number is more so."""

    OFFICIAL = 1
    OFFICIAL_SENSITIVE = 2
    SECRET = 3
    TOP_SECRET = 4

    @property
    def words(self) -> str:
        """The marking as people write it."""
        return _WORDS[self]


_WORDS = {
    Level.OFFICIAL: "OFFICIAL",
    Level.OFFICIAL_SENSITIVE: "OFFICIAL-SENSITIVE",
    Level.SECRET: "SECRET",
    Level.TOP_SECRET: "TOP SECRET",
}
LEVELS = {words: level for level, words in _WORDS.items()}


@dataclass(frozen=True, slots=True)
class Marking:
    """A marking and where it stands, in words."""

    level: Level
    where: str


_GAP = r"[\s:_\-]{0,4}"
_SPELT = (
    (Level.TOP_SECRET, rf"TOP{_GAP}SECRET"),
    (Level.SECRET, "SECRET"),
    (Level.OFFICIAL_SENSITIVE, rf"OFFICIAL{_GAP}SENSITIVE|CONFIDENTIAL|RESTRICTED"),
    (Level.OFFICIAL, "OFFICIAL"),
)
_ANY = "|".join(spelt for _level, spelt in _SPELT)
# Standing alone; "_" joins words in tags such as SEC_OFFICIAL, so it does not count as a letter.
_WORD = re.compile(rf"(?<![^\W_])(?:{_ANY})(?![^\W_])")
_WORD_IN_ANY_CASE = re.compile(_WORD.pattern, re.IGNORECASE)
# In a subject the two highest must be set off from what follows: "SECRET Santa" marks nothing.
_SET_OFF = re.compile(r"\s*(?:$|[\])}:/|;,.-])")
# "OFFICIAL-SENSITIVE - PERSONAL", "[SECRET]", "Classification: OFFICIAL"
_LINE = re.compile(
    r"^[ *=#_>|~\[({-]{0,12}"
    r"(?:(?i:(?:security |government )?(?:classification|protective marking|marking|gsc))"
    r" ?[:=-] ?)?"
    rf"({_ANY})"
    r"(?: ?[-:/\[(,|] ?[A-Z][A-Z ,/&()-]{0,60})?"
    r"[ *=#_|~\])}.-]{0,12}\r?$",
    re.MULTILINE,
)


def highest_marking(headers: Readings, texts: Iterable[str]) -> Marking | None:
    """Return the highest marking of a mail; `texts` are its texts in normal form."""
    return max(_markings(headers, texts), key=lambda one: one.level, default=None)


def _markings(headers: Readings, texts: Iterable[str]) -> Iterator[Marking]:
    for view in headers.of(*SUBJECT_HEADERS):
        for found in _WORD.finditer(view.normal):
            level = _level(found[0])
            if level < Level.SECRET or _SET_OFF.match(view.normal, found.end()):
                yield Marking(level, "in the subject")
    for name in HEADERS:
        for view in headers.of(name):
            for found in _WORD_IN_ANY_CASE.finditer(view.normal):
                yield Marking(_level(found[0].upper()), "in a header")
    for text in texts:
        for found in _LINE.finditer(text):
            yield Marking(_level(found[1]), "in its text")


def _level(spelt: str) -> Level:
    return next(level for level, words in _SPELT if re.fullmatch(words, spelt))
