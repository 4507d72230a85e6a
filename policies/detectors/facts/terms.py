"""The words that are sensitive where they are said of somebody, and where they stand in a line.

Promises the longest phrase at each place, in time linear in the text.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from policies.detectors.names.words import Line, Word

_FILE = Path(__file__).parents[2] / "lists" / "facts" / "terms.txt"
_FAINT = "~"
_LONGEST_GAP = 3  # characters between two words of a phrase


class Term(NamedTuple):
    """A phrase that stands in a line: its words, and what it is about."""

    first: int
    end: int
    about: str
    faint: bool  # says something only beside a name


class _Entry(NamedTuple):
    words: tuple[str, ...]
    about: str
    faint: bool


@cache
def _entries() -> dict[str, tuple[_Entry, ...]]:
    """Read the list: by the first word, the longest phrase first."""
    found: dict[str, list[_Entry]] = {}
    about = ""
    for line in _FILE.read_text(encoding="ascii").splitlines():
        if line.startswith("["):
            about = line.strip("[]")
        elif line and not line.startswith("#"):
            words = tuple(line.removeprefix(_FAINT).split())
            entry = _Entry(words, about, line.startswith(_FAINT))
            found.setdefault(_bare(words[0]), []).append(entry)
    return {
        first: tuple(sorted(several, key=lambda one: -len(one.words)))
        for first, several in found.items()
    }


def begins_a_phrase(low: str) -> bool:
    """Tell whether a word is the first of a phrase of the list."""
    return low in _entries()


def phrases() -> frozenset[str]:
    """Give the phrases that are sensitive by themselves."""
    return frozenset(
        " ".join(entry.words)
        for several in _entries().values()
        for entry in several
        if not entry.faint
    )


def terms_in(line: Line) -> Iterator[Term]:
    """Yield the phrases of a line; one phrase may be about two things (a salary)."""
    known = _entries()
    for at, word in enumerate(line.words):
        longest = 0
        for entry in known.get(word.low, ()):
            if len(entry.words) < longest:
                break
            if _stands(entry.words, line.words, at):
                longest = len(entry.words)
                yield Term(at, at + longest, entry.about, entry.faint)


def _stands(phrase: tuple[str, ...], words: tuple[Word, ...], at: int) -> bool:
    if at + len(phrase) > len(words):
        return False
    for number, piece in enumerate(phrase):
        word = words[at + number]
        if word.low != _bare(piece) or (piece.endswith("'s") and not word.owns):
            return False
        if number and len(word.gap) > _LONGEST_GAP:
            return False
    return True


def _bare(word: str) -> str:
    return word.removesuffix("'s")
