"""Names that lists and shape alone give away: Mrs Watkins, Anna Nowak, NOWAK, Anna, J. Okafor.

Promises spans of words with how sure each is. What only its surroundings make a name is left to the
model (`policies/detectors/names/model.py`).
"""

from collections.abc import Iterator

from policies.detectors.finding import Confidence
from policies.detectors.names.candidates import (
    FIRST,
    MAKES_PLACE,
    NAMED,
    OTHER,
    SURNAME,
    TITLE,
    after_saint,
    is_initial,
    is_particle,
    makes_thing,
    may_be,
    owns_a_family,
    strong_first,
    strong_surname,
)
from policies.detectors.names.doubtful import is_a_person
from policies.detectors.names.gazetteer import Kind
from policies.detectors.names.words import Case, Line, Word

NameSpan = tuple[int, int, Confidence]  # first word, one past the last, how sure

_COMMON = int(Kind.COMMON)
_PLACE = int(Kind.PLACE)
_EVERYDAY = frozenset({"mr", "mrs", "ms", "miss", "mx", "missus", "messrs", "cllr", "councillor"})
_PLAIN = frozenset({"mr", "mrs", "ms", "mx"})
_ALSO_WORDS = frozenset({
    "miss", "judge", "master", "captain", "sir", "fr", "sr", "pc", "dc", "canon", "lady", "lord",
    "ms", "doctor", "dame", "major", "general", "clr", "sgt", "insp", "imam", "rabbi", "prof",
})  # fmt: skip
_NOBODY = frozenset({
    "teams", "word", "office", "excel", "men", "bean", "tumble", "who", "mayor", "lieutenant",
    "president", "chancellor", "chairman", "madam", "and", "or", "provost", "justice", "day",
    "right", "sclerosis", "society", "out", "you", "the", "your", "this", "our", "forms",
})  # fmt: skip
_MOST_WORDS = 4


def spans(line: Line) -> Iterator[NameSpan]:
    """Yield the names in a line, left to right, without overlaps."""
    at = 0
    while at < len(line.words):
        found = _name_at(line, at)
        if found is None:
            at += 1
        else:
            yield found
            at = found[1]


def _name_at(line: Line, at: int) -> NameSpan | None:
    word = line.words[at]
    if word.kinds & TITLE:
        return _titled(line, at)
    if is_initial(line, word):
        return _initial_first(line, at)
    if not word.kinds & NAMED and word.kinds & OTHER:
        return None
    if not may_be(line, word) or after_saint(line, at):
        return None
    return (
        _surname_first(line, at)
        or _loud_surname(line, at)
        or _full(line, at)
        or _initial_last(line, at)
        or _family(line, at)
    )


def _loud_surname(line: Line, at: int) -> NameSpan | None:
    """`OKAFOR Chidi`, as forms and lists print it."""
    surname, first = line.words[at], _next(line, at + 1, " ")
    if first is None or line.case is not Case.MIXED or surname.shape != "U":
        return None
    if first.shape == "T" and strong_first(first) and strong_surname(surname):
        return at, at + 2, Confidence.LIKELY
    return None


def _family(line: Line, at: int) -> NameSpan | None:
    word = line.words[at]
    if line.case is Case.MIXED and word.kinds & SURNAME and owns_a_family(line, at):
        ordinary = word.kinds & OTHER & ~_COMMON
        return None if ordinary else (at, at + 1, Confidence.POSSIBLE)
    return None


def _next(line: Line, at: int, *gaps: str) -> Word | None:
    """Give the word at `at` where one of these gaps stands before it."""
    if at < len(line.words) and line.words[at].gap in gaps:
        return line.words[at]
    return None


def _titled(line: Line, at: int) -> NameSpan | None:
    title, end = line.words[at], at + 1
    if line.case is Case.MIXED and title.low == "ms" and title.text == "MS":
        return None  # the firm, the disease
    while (word := _next(line, end, " ", ". ", ".")) and is_initial(line, word):
        end += 1
    first = _next(line, end, " ", ". ", ".")
    if first is None or not _may_follow(line, title, first):
        return None
    end += 1
    while (
        end - at < _MOST_WORDS + 1
        and not line.words[end - 1].owns
        and (word := _next(line, end, " ", "-"))
        and (is_particle(word) or (may_be(line, word) and word.kinds & NAMED))
        and not (line.case is not Case.MIXED and word.kinds & OTHER)
    ):
        end += 1
    if title.low not in _EVERYDAY and end < len(line.words) and makes_thing(line, end):
        return None
    return at, end, Confidence.SURE


def _may_follow(line: Line, title: Word, word: Word) -> bool:
    if word.low in _NOBODY or word.thing or word.low[0].isdigit() or len(word.low) == 1:
        return False
    also = title.low in _ALSO_WORDS
    if line.case is Case.MIXED:
        if not word.text[0].isupper() or (also and title.text.islower()):
            return False
        also = also and not (title.text == "Ms" and word.kinds & SURNAME)
        if also:
            return not word.kinds & OTHER or bool(word.kinds & SURNAME and title.low == "miss")
        ordinary = not word.kinds & ~_COMMON and title.low in _PLAIN
        return not word.kinds & OTHER or bool(word.kinds & NAMED) or ordinary
    if also:
        return strong_surname(word)
    return not word.kinds & OTHER or bool(word.kinds & NAMED)


def _full(line: Line, at: int) -> NameSpan | None:
    """First name and surname, with what stands between them."""
    first = line.words[at]
    if first.owns or not first.kinds & NAMED:
        return None
    end, middle = at + 1, 0
    while (word := _next(line, end, " ", ". ", ".", "-")) and middle < _MOST_WORDS - 1:
        if not (
            is_initial(line, word)
            or (is_particle(word) and not (word.low == "st" and line.case is not Case.MIXED))
            or (may_be(line, word) and (word.kinds & NAMED or not word.kinds & OTHER))
        ):
            break
        end, middle = end + 1, middle + 1
        if word.owns:
            break
    while end > at + 1:
        if _may_end(line.words[end - 1]) and (judged := _judged(line, at, end)):
            return judged
        end -= 1
    return None


def _may_end(word: Word) -> bool:
    return len(word.low) > 1 and not (is_particle(word) and not strong_surname(word))


def _judged(line: Line, at: int, end: int) -> NameSpan | None:
    """Say how sure a row of words that may be names is one, or that rules cannot tell."""
    words = line.words[at:end]
    first, last = words[0], words[-1]
    if makes_thing(line, end) and not last.owns:
        return None
    if last.kinds & MAKES_PLACE:
        person = end - at > 1 and strong_first(first) and is_a_person(line, at, end)
        return (at, end, Confidence.POSSIBLE) if person else None
    strong_start, strong_end = strong_first(first), strong_surname(last)
    if strong_start and strong_end:
        return at, end, Confidence.SURE
    if line.case is not Case.MIXED and any(word.kinds & OTHER for word in words[1:]):
        return None
    known = strong_start and (last.kinds & SURNAME or not last.kinds)
    if known or (
        strong_end and first.kinds & FIRST and line.case is Case.MIXED and not first.thing
    ):
        return at, end, Confidence.LIKELY
    return None


def _surname_first(line: Line, at: int) -> NameSpan | None:
    """`Nowak, Anna`: in this order the comma proves it."""
    surname = line.words[at]
    first = _next(line, at + 1, ", ", ",")
    if first is None or surname.owns or not may_be(line, first) or not strong_first(first):
        return None
    if strong_surname(surname):
        return at, at + 2, Confidence.SURE
    known = surname.kinds & SURNAME and line.case is Case.MIXED
    return (at, at + 2, Confidence.LIKELY) if known and at == 0 else None


def _initial_first(line: Line, at: int) -> NameSpan | None:
    """`J Smith`, `J. R. Smith`, `JR Smith`."""
    end = at
    while end < len(line.words) and is_initial(line, line.words[end]) and end - at < _MOST_WORDS:
        end += 1
        if end < len(line.words) and line.words[end].gap not in {" ", ". ", "."}:
            return None
    if end >= len(line.words) or makes_thing(line, end + 1):
        return None
    surname = line.words[end]
    if not may_be(line, surname) or not surname.kinds & SURNAME:
        return None
    if strong_surname(surname):
        return at, end + 1, Confidence.LIKELY
    if (
        line.case is Case.MIXED
        and not surname.kinds & OTHER & ~_COMMON & ~_PLACE
        and line.words[at].low != "a"
    ):
        return at, end + 1, Confidence.POSSIBLE
    return None


def _initial_last(line: Line, at: int) -> NameSpan | None:
    """`Smith J`, `Luke N`: the end of the name is the end of the phrase."""
    name = line.words[at]
    letter = _next(line, at + 1, " ", ", ")
    if letter is None or not is_initial(line, letter) or name.owns:
        return None
    if (
        line.case is not Case.MIXED
        or letter.owns
        or not (strong_first(name) or strong_surname(name))
    ):
        return None
    following = _next(line, at + 2, " ", ". ")
    if following is not None and following.low[0].isdigit():
        return None  # Luton A 505
    return at, at + 2, Confidence.LIKELY
