"""Which words may be part of somebody's name, and how strongly the lists speak for it.

A word is *strong* as a first name or surname where the lists know it as that and as nothing else.
"""

from policies.detectors.names.gazetteer import CUES, Kind, words_of
from policies.detectors.names.words import Case, Line, Word

FIRST = int(Kind.FIRST)
SURNAME = int(Kind.SURNAME)
NAMED = FIRST | SURNAME
OTHER = int(Kind.COMMON | Kind.PLACE | Kind.BODY | CUES)
FUNCTION = int(
    Kind.RELATION | Kind.PERSON | Kind.MONTH | Kind.WEEKDAY | Kind.BEFORE | Kind.AFTER | Kind.CASE
)
MAKES_PLACE = int(Kind.STREET | Kind.VENUE)
MAKES_THING = int(Kind.STREET | Kind.VENUE | Kind.COMPANY)
TITLE = int(Kind.TITLE)

_SHORTEST = 2
_SHORTEST_UNKNOWN = 3
_LONGEST_ACRONYM = 3
_HOUSES = frozenset({"brothers", "bros", "sons", "son", "daughters"})  # of a firm: Hill Brothers
_SAINTS = words_of("small_words.txt", "saints")
_NEVER = words_of("small_words.txt", "never a name")
_NO_PERSON_AFTER = words_of("small_words.txt", "no person after")
_HOUSEHOLD = frozenset({"siblings", "family", "twins", "children", "household", "girls", "boys"})
_PARTICLES = words_of("small_words.txt", "inside surnames")


def strong_first(word: Word) -> bool:
    """Tell whether a word is a first name and nothing else (it may be a surname too)."""
    return bool(word.kinds & FIRST) and not word.kinds & OTHER and not word.thing


def strong_surname(word: Word) -> bool:
    """Tell whether a word is a surname and nothing else (it may be a first name too)."""
    return bool(word.kinds & SURNAME) and not word.kinds & OTHER and not word.thing


def may_be(line: Line, word: Word) -> bool:
    """Tell whether a word may be part of a name, as it is written in this text."""
    kinds, low = word.kinds, word.low
    if word.thing or low[0].isdigit() or low in _NEVER or (not kinds & NAMED and kinds & OTHER):
        return False
    if len(low) < (_SHORTEST if kinds else _SHORTEST_UNKNOWN) or not low.isascii():
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
    if word.thing:
        return False  # LN5
    if word.low == "st" and at + 1 < len(line.words) and line.words[at + 1].kinds & NAMED:
        return False  # Anthony St John
    if word.low in _HOUSES:
        return word.gap in {" ", " & "} and line.words[at].text[0].isupper()
    return bool(word.kinds & MAKES_THING) and word.gap == " " and not word.kinds & FUNCTION
