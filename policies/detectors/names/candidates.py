"""Which words may be part of somebody's name, and how strongly the lists speak for it.

A word is *strong* as a first name or surname where the lists know it as that and as nothing else.
"""

from policies.detectors.names.gazetteer import CUES, Kind
from policies.detectors.names.words import Case, Line, Word

FIRST = int(Kind.FIRST)
SURNAME = int(Kind.SURNAME)
NAMED = FIRST | SURNAME
OTHER = int(Kind.COMMON | Kind.PLACE | Kind.BODY | CUES)
FUNCTION = int(
    Kind.RELATION | Kind.PERSON | Kind.MONTH | Kind.WEEKDAY | Kind.BEFORE | Kind.AFTER | Kind.CASE
)
MAKES_PLACE = int(Kind.STREET | Kind.VENUE)
MAKES_THING = int(Kind.STREET | Kind.VENUE | Kind.COMPANY | Kind.THEME)
TITLE = int(Kind.TITLE)

_SHORTEST = 2
_LONGEST_ACRONYM = 3
_HOUSES = frozenset({"brothers", "bros", "sons", "son", "daughters"})  # of a firm: Hill Brothers
_SAINTS = frozenset({"st", "saint", "ss", "sts", "santa", "san", "port", "mount", "lake", "fort"})
_NEVER = frozenset({
    "the", "an", "so", "no", "my", "he", "she", "we", "you", "to", "do", "on", "in", "at", "by",
    "and", "or", "not", "but", "all", "any", "can", "has", "her", "his", "our", "out", "off", "how",
    "who", "why", "when", "then", "than", "that", "this", "with", "from", "for", "are", "was",
    "new", "now", "one", "two", "see", "get", "yes", "hi", "hello", "dear", "thanks", "man", "men",
    "van", "bus", "day", "web", "pay", "go", "be", "as", "if", "it", "is", "of", "up", "us",
})  # fmt: skip
_NO_PERSON_AFTER = frozenset({
    "storm", "hurricane", "mount", "lake", "river", "port", "fort", "planet", "hms", "rms", "uss",
})  # fmt: skip
_HOUSEHOLD = frozenset({"siblings", "family", "twins", "children", "household", "girls", "boys"})
_PARTICLES = frozenset({
    "al", "el", "ul", "bin", "binti", "ibn", "abu", "de", "da", "do", "dos", "das", "di", "del",
    "della", "der", "den", "van", "von", "ter", "ten", "la", "le", "mc", "mac", "ap", "ben", "bat",
    "st", "y", "e", "o",
})  # fmt: skip


def strong_first(word: Word) -> bool:
    """Tell whether a word is a first name and nothing else (it may be a surname too)."""
    return bool(word.kinds & FIRST) and not word.kinds & OTHER and not word.thing


def strong_surname(word: Word) -> bool:
    """Tell whether a word is a surname and nothing else (it may be a first name too)."""
    return bool(word.kinds & SURNAME) and not word.kinds & OTHER and not word.thing


def may_be(line: Line, word: Word) -> bool:
    """Tell whether a word may be part of a name, as it is written in this text."""
    if word.thing or len(word.low) < _SHORTEST or word.low[0].isdigit():
        return False
    kinds = word.kinds
    if not kinds & NAMED and (kinds & OTHER):
        return False
    if word.low in _NEVER or not word.low.isascii():
        return False  # a script that the lists do not know is no evidence
    shape = word.shape
    if line.case is Case.UPPER or (line.case is Case.LOWER and shape != "U"):
        return True
    if shape == "U":  # an acronym, unless it is long and known
        return len(word.text) > _LONGEST_ACRONYM and bool(kinds & NAMED) and not kinds & OTHER
    return shape in "Tm"


def is_particle(word: Word) -> bool:
    """Tell whether a word may stand inside a surname: van der Berg."""
    return word.low in _PARTICLES


def is_initial(line: Line, word: Word) -> bool:
    """Tell whether a word is one capital letter (or one letter, where case says nothing)."""
    if len(word.text) != 1 or not word.text.isalpha():
        return False
    return word.text.isupper() or (line.case is Case.LOWER and word.low not in "aio")


def after_saint(line: Line, at: int) -> bool:
    """Tell whether a saint's title stands before the word: St Peter's."""
    if at == 0 or line.words[at].gap not in {" ", ". "}:
        return False
    before = line.words[at - 1].low
    return before in _SAINTS or before in _NO_PERSON_AFTER


def owns_a_family(line: Line, at: int) -> bool:
    """Tell whether the next word makes a family of a surname: the Brown siblings."""
    return at + 1 < len(line.words) and line.words[at + 1].low in _HOUSEHOLD


def makes_thing(line: Line, at: int) -> bool:
    """Tell whether the word at `at` makes a place or thing of a name right before it."""
    if not 0 < at < len(line.words):
        return False
    word = line.words[at]
    if word.low in _HOUSES:
        return word.gap in {" ", " & "} and line.words[at].text[0].isupper()
    return bool(word.kinds & MAKES_THING) and word.gap == " " and not word.kinds & FUNCTION
