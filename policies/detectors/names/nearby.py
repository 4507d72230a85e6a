"""Where in a long text names and facts are worth looking for: near other signs of a person.

In running text a word alone says little, and reading all of it closely would be slow. So names and
facts are looked for within reach of a title, a label ("date of birth"), a word of casework, a
sensitive term, or a finding of another detector. Promises stretches short enough to be read whole,
in order, in linear time.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache

import re2

from policies.detectors.facts import fact
from policies.detectors.facts.fact import SAID_OF_SOMEBODY
from policies.detectors.facts.terms import phrases
from policies.detectors.names import initials, person_name
from policies.detectors.names.gazetteer import words_of
from policies.detectors.names.glance import FACTS, INITIALS, NAMES, Glance
from policies.detectors.names.person_name import names_in
from policies.detectors.triggers import options
from policies.text.view import View

NEARBY = frozenset(
    ["person_name", "initials", "health_fact", "special_category", "employment_fact", "money_fact"]
)
REACH = 200  # characters on either side
_LONGEST = 900  # characters read at once: fewer words than one line may have
_AGAIN = 80  # of them read again by the next stretch, so that nothing is cut in two
_LABELLED = re2.compile(rb"\s*[A-Za-z][A-Za-z /]{1,30}:")
_FORM = 6  # lines of a form below the one with the name
_FAR = 1 << 30
_GAP = "[^0-9A-Za-z]{1,3}"


@cache
def _pattern() -> "re2._Regexp":
    signs = words_of("nearby.txt", "signs")
    terms = {*(sign.replace("_", " ") for sign in signs), *phrases()}
    spelt = (_GAP.join(term.replace("'", "[^0-9A-Za-z]").split()) for term in sorted(terms))
    return re2.compile(f"(?i)\\b(?:{'|'.join(spelt)})\\b".encode("ascii"), options())


def places(text: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans of signs in a normal text."""
    return (match.span() for match in _pattern().finditer(text))


def parts(
    view: View, signs: Iterable[tuple[int, int]], glance: Glance | None = None
) -> Iterator[View]:
    """Yield the lines near the signs that may hold something, each as a view of its own.

    The lines of a form speak of one person: a line with a label counts as said of somebody where
    a line just above named one. Each line must be searched before the next is asked for.
    `glance` keeps what is known of the words of one text.
    """
    since, read_to = _FAR, 0
    glance = Glance() if glance is None else glance
    for start, end in stretches(signs, view.ascii):
        for first, last in _lines(view, start, end):
            if last <= read_to:
                continue
            read_to, text = last, view.normal[first:last]
            said = since <= _FORM and _LABELLED.match(view.ascii[first:last]) is not None
            since += 1
            held = glance.worth(text, said)
            if not held:
                continue
            part = view.part(first, last)
            part.memory[SAID_OF_SOMEBODY] = said
            _pass_over(part, held)
            yield part
            if names_in(part):
                since = 0


def _pass_over(part: View, held: int) -> None:
    """Spare the detectors of what a line cannot hold the reading of it."""
    if not held & NAMES:
        person_name.none_in(part)
    if not held & INITIALS:
        initials.none_in(part)
    if not held & FACTS:
        fact.none_in(part)


def _lines(view: View, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch where lines end in the original text."""
    original, last = view.original, view.ends[end - 1]
    at = view.starts[start]
    while at < last:
        newline = original.find("\n", at, last)
        stop = last if newline < 0 else newline
        first, after = bisect_left(view.starts, at), bisect_left(view.starts, stop)
        if after > first:
            yield first, after
        at = stop + 1


def stretches(signs: Iterable[tuple[int, int]], text: bytes) -> Iterator[tuple[int, int]]:
    """Yield what is near the signs, as stretches of whole words that may overlap a little."""
    first, last = 0, -1
    for start, end in sorted(signs):
        if last >= 0 and start - REACH > last:
            yield from _pieces(first, last, text)
            first, last = start - REACH, end + REACH
        elif last < 0:
            first, last = start - REACH, end + REACH
        else:
            last = max(last, end + REACH)
    if last >= 0:
        yield from _pieces(first, last, text)


def _pieces(first: int, last: int, text: bytes) -> Iterator[tuple[int, int]]:
    first, last = _word_before(text, max(0, first)), min(last, len(text))
    while last - first > _LONGEST:
        yield first, _word_before(text, first + _LONGEST)
        first = _word_before(text, first + _LONGEST - _AGAIN)
    yield first, last


def _word_before(text: bytes, at: int) -> int:
    """Give where the word around a place begins, or the place where it is in no ordinary word."""
    space = text.rfind(b" ", max(0, at - _AGAIN // 2), at)
    return space + 1 if space >= 0 else at
