"""A glance at a line of a long text, which says whether it is worth reading closely.

Most lines of a letter hold nothing that could be a name or a fact, and to see that takes only what
single words can be. Promises never to pass over a line in which the detectors would find something:
in doubt it is read. What ordinary words can be is kept for the texts that follow. Must never keep
a word with a capital or a figure, as names and numbers have, longer than one text's search takes.
"""

import re
from functools import lru_cache, reduce
from operator import or_

from policies.detectors.facts.fact import is_of_pay
from policies.detectors.facts.person import may_mean_a_person
from policies.detectors.facts.terms import begins_a_phrase
from policies.detectors.names.candidates import TITLE, may_be
from policies.detectors.names.initials import is_about, may_be_initials
from policies.detectors.names.roster import any_in_use
from policies.detectors.names.words import Case, Line, Word, counts_as, word_of, words_in

NAMES, INITIALS, FACTS = 1, 2, 4  # what a line may hold

_CASES = (Case.MIXED, Case.LOWER, Case.UPPER)
_NAME = 1, 2, 4  # may begin a name, or be one, in a line of each case
_INITIALS = 8, 16, 32  # two letters that may be somebody's, likewise
_LETTER = 64
_ABOUT = 128  # a word without which no initials are found
_TERM = 256  # may begin a sensitive phrase
_PERSON = 512  # may say that somebody is meant
_PAY = 1024
_WRITTEN = {Case.LOWER: 2048, Case.MIXED: 4096, Case.UPPER: 8192, None: 0}
_LOWER, _MIXED, _UPPER = (_WRITTEN[case] for case in (Case.LOWER, Case.MIXED, Case.UPPER))
_MOST_KEPT, _LONGEST_KEPT = 1 << 14, 16  # ordinary words, and letters of one
_LETTERS = re.compile(r"\b[^\W\d_](?:'s)?(?:\.|\. | )[^\W\d_]\b")


class Glance(dict[str, int]):
    """What the words of one text may be, each worked out when it is first seen."""

    def __missing__(self, written: str) -> int:
        """Work out the bits of a word."""
        ordinary = written.islower() and written.isalpha() and len(written) <= _LONGEST_KEPT
        bits = self[written] = _bits_kept(written) if ordinary else _bits(word_of(written))
        return bits

    def worth(self, text: str, said_of_somebody: bool) -> int:
        """Tell what a line may hold: bits for names, initials and facts, 0 for nothing.

        `said_of_somebody`: it is known without looking that the line is about a person.
        """
        if any_in_use():
            return NAMES | INITIALS | FACTS  # any two words may be a name in a roster
        seen = reduce(or_, map(self.__getitem__, words_in(text)), 0)
        cases = _cases(seen)
        held = NAMES if any(seen & _NAME[case] for case in cases) else 0
        if seen & _ABOUT and (
            any(seen & _INITIALS[case] for case in cases)
            or (seen & _LETTER and _LETTERS.search(text) is not None)
        ):
            held |= INITIALS
        fact = seen & _TERM or (seen & _PAY and "£" in text)
        if fact and (held or said_of_somebody or seen & _PERSON):
            held |= FACTS
        return held


def _cases(seen: int) -> tuple[int, ...]:
    """Give the cases a line may be in: capitals alone may be one acronym, or all there is."""
    if seen & _MIXED:
        return (0,)
    if seen & _LOWER:
        return (1,)
    return (0, 2) if seen & _UPPER else (0,)


@lru_cache(maxsize=_MOST_KEPT)
def _bits_kept(written: str) -> int:
    return _bits(word_of(written))


def _bits(word: Word) -> int:
    bits = _WRITTEN[counts_as(word)]
    for number, case in enumerate(_CASES):
        line = Line((word,), case)
        if word.kinds & TITLE or may_be(line, word):
            bits |= _NAME[number]
        if may_be_initials(line, word):
            bits |= _INITIALS[number]
    bits |= _LETTER * (len(word.text) == 1 and not word.low[0].isdigit())
    bits |= _ABOUT * is_about(word.low)
    bits |= _TERM * begins_a_phrase(word.low)
    bits |= _PERSON * may_mean_a_person(word)
    return bits | _PAY * is_of_pay(word.low)
