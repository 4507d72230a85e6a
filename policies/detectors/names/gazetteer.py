"""What single words can be: a first name, a surname, a place, a title, an ordinary word.

Reads the lists in `policies/lists/names/` once. A word may be several things; which of them it is
in a text is for others to say. Must never keep a word that it was asked about.
"""

import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from functools import cache
from pathlib import Path

_LISTS = Path(__file__).parents[2] / "lists"
_SPECIAL = str.maketrans({
    "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ı": "i", "ß": "ss", "đ": "d", "Đ": "D", "æ": "ae",
    "Æ": "AE", "œ": "oe", "þ": "th", "ð": "d", "ħ": "h", "ŋ": "ng", "ə": "a", "Ə": "A",
})  # fmt: skip
_SUFFIXES = ("s", "es", "ed", "ing", "er", "ers", "ly", "d", "ion", "ions", "ment", "al", "ness")
_SHORTEST_STEM = 3
_OF_SURNAMES = (
    "ski", "ska", "wicz", "czyk", "czak", "escu", "eanu", "oglu", "idis", "opoulos", "poulou",
    "enko", "chuk", "shvili", "auskas", "iene", "sson", "singham", "rajah",
)  # fmt: skip
_SHORTEST_BUILT = 6


class Kind(IntEnum):
    """What a word can be."""

    FIRST = 1
    SURNAME = 2
    COMMON = 4
    PLACE = 8
    BODY = 16  # a public body, a charity, a firm, a product
    TITLE = 32  # Mrs
    WEAK_TITLE = 64  # Nurse
    RELATION = 128  # mum
    PERSON = 256  # pupil
    STREET = 512  # lane
    VENUE = 1024  # school
    COMPANY = 2048  # ltd, award: makes what stands before it a thing
    THEME = 4096  # awareness
    MONTH = 8192
    WEEKDAY = 16384
    BEFORE = 32768  # stands before names: regarding
    AFTER = 65536  # stands after names: dob
    CASE = 131072  # casework: EHCP


_SECTIONS = {
    "title": Kind.TITLE, "weak title": Kind.WEAK_TITLE, "relation": Kind.RELATION,
    "person noun": Kind.PERSON, "street kind": Kind.STREET, "place kind": Kind.VENUE,
    "body kind": Kind.COMPANY, "theme kind": Kind.THEME, "month": Kind.MONTH,
    "weekday": Kind.WEEKDAY, "before a name": Kind.BEFORE, "after a name": Kind.AFTER,
    "case word": Kind.CASE,
}  # fmt: skip
_FILES = {
    "first_names.txt": Kind.FIRST, "surnames.txt": Kind.SURNAME, "common_words.txt": Kind.COMMON,
    "places.txt": Kind.PLACE, "organisations.txt": Kind.BODY, "cues.txt": None,
}  # fmt: skip
NAMED = Kind.FIRST | Kind.SURNAME
CUES = (
    Kind.TITLE | Kind.RELATION | Kind.PERSON | Kind.STREET | Kind.VENUE | Kind.COMPANY | Kind.THEME
    | Kind.MONTH | Kind.WEEKDAY | Kind.BEFORE | Kind.AFTER | Kind.CASE
)  # fmt: skip


@cache
def entries(file: str, folder: str = "names") -> tuple[tuple[str, str], ...]:
    """Read a list of `policies/lists/`: (section, word) in order."""
    return tuple(_read(file, folder))


def _read(file: str, folder: str = "names") -> Iterator[tuple[str, str]]:
    """Read a list, and keep nothing of it: the large ones are only wanted as something else."""
    section = ""
    for line in (_LISTS / folder / file).read_text(encoding="ascii").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif not line.startswith("#"):
            for word in line.split():
                yield section, word


def words_of(file: str, section: str, folder: str = "names") -> frozenset[str]:
    """Give the words of one section of a list."""
    return frozenset(word for name, word in entries(file, folder) if name == section)


@cache
def _words() -> dict[str, int]:
    known: dict[str, int] = {}
    for file, kind in _FILES.items():
        for section, word in _read(file):
            if "_" not in word:
                meant = _SECTIONS[section] if kind is None else kind
                known[word] = known.get(word, 0) | int(meant)
    return known


@cache
def phrases() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Give the places and bodies of several words, by their first word."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for file in ("places.txt", "organisations.txt"):
        for _section, entry in _read(file):
            if "_" in entry:
                words = tuple(entry.split("_"))
                found.setdefault(words[0], []).append(words)
    return {first: tuple(several) for first, several in found.items()}


def folded(word: str) -> str:
    """Give a word as the lists spell it: lower case, without accents."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word.translate(_SPECIAL))
    return "".join(c for c in plain if not unicodedata.combining(c)).lower()


def kinds_of(word: str) -> int:
    """Tell what a folded word can be, as bits of `Kind`; 0 where nothing is known of it."""
    known = _words()
    found = known.get(word)
    if found is not None:
        return found
    if "-" in word or "'" in word:
        return _kinds_of_joined(word, known)
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            stem = word[: -len(suffix)]
            if known.get(stem, 0) & Kind.COMMON or known.get(stem + "e", 0) & Kind.COMMON:
                return int(Kind.COMMON)
    if word.endswith("ies") and known.get(word[:-3] + "y", 0) & Kind.COMMON:
        return int(Kind.COMMON)
    if len(word) >= _SHORTEST_BUILT and (word.startswith("mc") or word.endswith(_OF_SURNAMES)):
        return int(Kind.SURNAME)
    return 0


def _kinds_of_joined(word: str, known: dict[str, int]) -> int:
    """Judge O'Brien and Smith-Jones, and ordinary words joined alike, by their parts."""
    together = known.get(word.replace("'", "").replace("-", ""), 0)
    if together & NAMED:
        return together & NAMED
    pieces = [known.get(piece, 0) for piece in word.replace("'", "-").split("-") if piece]
    if not pieces:
        return 0
    if all(piece & NAMED and not piece & Kind.COMMON for piece in pieces):
        shared = pieces[0]
        for piece in pieces[1:]:
            shared &= piece
        return (shared & NAMED) or int(Kind.SURNAME)
    if any(piece & (Kind.COMMON | CUES) for piece in pieces):
        return int(Kind.COMMON)
    return int(Kind.SURNAME) if any(piece & NAMED for piece in pieces) else 0
