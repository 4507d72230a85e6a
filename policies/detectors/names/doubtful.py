"""Whether a pair like Sarah Green or Matthew Field is a person, or a place called after one.

Surnames that are also words for streets and buildings make a place of most first names before
them (Victoria Hall). Promises to take such a pair for a person only where what stands around it
says so, and nothing says that it is a place.
"""

from policies.detectors.names.gazetteer import words_of
from policies.detectors.names.words import Case, Line

_HONOURED = words_of("doubtful.txt", "places are called after them")
_PLACE_BEFORE = words_of("doubtful.txt", "before a place")
_PLACE_AFTER = words_of("doubtful.txt", "after a place")
_PERSON_BEFORE = words_of("doubtful.txt", "before a person")
_PERSON_AFTER = words_of("doubtful.txt", "after a person")
_MARKS = frozenset({":", "-", "("})


def is_a_person(line: Line, at: int, end: int) -> bool:
    """Tell whether the words from `at` to `end`, first name and surname, are somebody."""
    words = line.words
    if line.case is not Case.MIXED:
        return False
    before = words[at - 1].low if at else ""
    after = words[end].low if end < len(words) else ""
    if before in _PLACE_BEFORE or (after in _PLACE_AFTER and not words[end - 1].owns):
        return False
    if words[end - 1].owns or words[at].low in _HONOURED:
        return words[end - 1].owns
    if before in _PERSON_BEFORE or after in _PERSON_AFTER:
        return True
    others = (*words[:at], *words[end:])
    marked = (at > 0 and words[at].gap.strip() in _MARKS) or (
        end < len(words) and words[end].gap.strip() in {*_MARKS, ","}
    )
    return marked and not any(word.low in _PLACE_AFTER for word in others)
