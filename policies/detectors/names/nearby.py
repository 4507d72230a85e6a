"""Where in a long text names and facts are worth looking for: near other signs of a person.

In running text a word alone says little, and reading all of it closely would be slow. So names and
facts are looked for within reach of a title, a label ("date of birth"), a word of casework, a
sensitive term, or a finding of another detector. Promises stretches short enough to be read whole,
in order, in linear time.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import re2

from policies.detectors.facts import fact
from policies.detectors.facts.fact import SAID_OF_SOMEBODY
from policies.detectors.facts.prose import GREETED, IN_PROSE, OWNED, greets, says_who
from policies.detectors.facts.terms import phrases
from policies.detectors.names import initials, person_name
from policies.detectors.names.gazetteer import words_of
from policies.detectors.names.glance import FACTS, INITIALS, NAMES, Glance
from policies.detectors.names.person_name import names_in
from policies.detectors.names.words import line_of
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
_FULL, _WIDEST = 55, 130  # characters of a line that a program broke
_FEWEST_GAPS = 5  # between its words
_LABEL = 34  # how much of a line is looked at for a label
_CELLS = re2.compile(r",\S|;\S")
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
    view: View,
    signs: Iterable[tuple[int, int]],
    glance: Glance | None = None,
    numbers: Sequence[int] = (),
) -> Iterator[View]:
    """Yield the lines near the signs that may hold something, each as a view of its own.

    The lines of a form speak of one person: a line with a label counts as said of somebody where
    a line just above named one. Any line counts as naming somebody where its paragraph has one of
    `numbers`: places, in order, of what belongs to one person alone. Each line must be searched
    before the next is asked for.
    `glance` keeps what is known of the words of one text.
    """
    since, read_to, greeted = _FAR, 0, False
    glance = Glance() if glance is None else glance
    for start, end in stretches(signs, view.ascii):
        for first, last in _lines(view, start, end):
            if last <= read_to:
                continue
            read_to, text = last, view.normal[first:last]
            said = since <= _FORM and _LABELLED.match(view.ascii[first:last]) is not None
            owned = _owned(view, numbers, first, last)
            since += 1
            held = glance.worth(text, said or owned or greeted)
            if not held:
                continue
            part = view.part(first, last)
            part.memory[SAID_OF_SOMEBODY] = said and not says_who(line_of(part))
            part.memory[IN_PROSE] = True
            part.memory[OWNED] = owned
            part.memory[GREETED] = greeted
            _pass_over(part, held)
            yield part
            if names_in(part) and not says_who(line_of(part)):
                since = 0
            greeted = greeted or greets(line_of(part), names_in(part))


def _owned(view: View, numbers: Sequence[int], first: int, last: int) -> bool:
    """Tell whether the paragraph around a line holds a number of one person."""
    if not numbers:
        return False
    breaks = view.breaks
    above, below = bisect_left(breaks, first), bisect_left(breaks, last)
    start = max(breaks[above - 1] if above else 0, first - REACH)
    end = min(breaks[below] if below < len(breaks) else _FAR, last + REACH)
    at = bisect_left(numbers, start)
    return at < len(numbers) and numbers[at] < end


def _pass_over(part: View, held: int) -> None:
    """Spare the detectors of what a line cannot hold the reading of it."""
    if not held & NAMES:
        person_name.none_in(part)
    if not held & INITIALS:
        initials.none_in(part)
    if not held & FACTS:
        fact.none_in(part)


def _lines(view: View, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch where lines end in the original text, but not where they are merely full."""
    original, last = view.original, view.ends[end - 1]
    at = view.starts[start]
    while at < last:
        newline = original.find("\n", at, last)
        row = at
        while newline >= 0 and newline - at < _LONGEST and _goes_on(original, row, newline):
            row = newline + 1
            newline = original.find("\n", row, last)
        stop = last if newline < 0 else newline
        first, after = view.place(at), view.place(stop)
        if after > first:
            yield first, after
        at = stop + 1


def _goes_on(text: str, start: int, newline: int) -> bool:
    """Tell whether a line was broken because it was full: prose goes on in the next."""
    row = text[start:newline].rstrip("\r")
    if not _FULL <= len(row) <= _WIDEST or not (row[-1].isalnum() or row[-1] in ",-"):
        return False
    after = text[newline + 1 : newline + 1 + _LABEL]
    if row.count(" ") < _FEWEST_GAPS or not after[:1].isalpha() or row[-2] == " ":
        return False
    if "\t" in row or "  " in row.strip() or "|" in row:
        return False
    return _CELLS.search(row) is None and _LABELLED.match(after.encode("ascii", "replace")) is None


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
