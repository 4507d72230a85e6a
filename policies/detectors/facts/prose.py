"""Facts in running text: what one sentence says of one person.

A subject is a handful of words that belong together; a letter is not. There a sensitive word
counts in a sentence that names somebody, and where the sentence speaks of people in general
(a course, everybody who, your child), only where it is tied to a person: "Jake has", "her".
Who is merely spoken to, writes, teaches or answers the telephone is nobody's patient.
Promises linear time. Must never make a fact of what no line makes one.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from policies.detectors.facts.person import (
    OWNERS,
    PRONOUNS,
    Evidence,
    evidence,
    says_how_to_be_called,
    tied,
)
from policies.detectors.facts.terms import Term
from policies.detectors.names.candidates import TITLE
from policies.detectors.names.gazetteer import words_of
from policies.detectors.names.rules import NameSpan
from policies.detectors.names.words import Line, Word

IN_PROSE = object()  # set in a view of one line of a longer text
OWNED = object()  # set in such a view where a number of one person stands in the same paragraph

GREETED = object()  # set in such a view where a letter is to one person by name: you are meant

_GENERIC = words_of("cues.txt", "generic", "facts")
_THEMES = words_of("cues.txt", "themes", "facts")
_OF_MANY = (_GENERIC | _THEMES) - words_of("cues.txt", "everyday", "facts")
_IS_OR_HAS = words_of("cues.txt", "is or has", "facts")
_SPEAKS = words_of("cues.txt", "speaks", "facts")
_SPOKEN_TO = words_of("cues.txt", "spoken to", "facts")
_TO = words_of("cues.txt", "to somebody", "facts")
_BY = words_of("cues.txt", "by somebody", "facts")
_OFFICE = words_of("cues.txt", "office", "facts")
_ROLES = words_of("cues.txt", "a role", "facts")
_HEADERS = frozenset({"from", "to", "cc", "bcc", "sent", "subject", "date", "when", "where"})
_GREETINGS = frozenset({"dear", "hi", "hello", "hey", "morning", "afternoon", "evening", "attn"})
_ANY = frozenset({"your", "any", "each", "every", "no", "a", "an", "some", "another", "if", "one"})
_PERHAPS = frozenset({"if", "whether", "when", "unless", "should", "all", "any", "of"})
_ARE = frozenset({"are", "have", "owe", "were", "had", "got", "suffer", "receive", "claim"})
_PREPOSITIONS = frozenset({"of", "for", "with", "against", "on", "to"})
_ENDS = ".!?"
_MARK_AND_SPACE = 2  # characters at least between two sentences
_GREETED = 4  # words from the start of a line within which somebody is greeted
_NEAR = 3  # words between an owner and what they own
_FAR = 7  # words between somebody and what they have
_MARKS = frozenset({":", "-", "(", "/"})


class Known(NamedTuple):
    """What is known of a whole line: who is named in it, and whether it is about somebody.

    `said`: it is known to be said of somebody. `owned`: somebody is known to be meant, unless a
    sentence speaks of people in general. `greeted`: "you" is somebody who was greeted by name.
    """

    named: Sequence[NameSpan]
    initials: Sequence[tuple[int, int]]
    said: bool
    owned: bool
    greeted: bool = False


class Sentence(NamedTuple):
    """The words of one sentence, and the persons in it of whom something may be said."""

    line: Line
    persons: tuple[tuple[int, int], ...]
    about: Evidence
    generic: bool


def sentences(line: Line, known: Known) -> Iterator[tuple[int, Sentence]]:
    """Yield the sentences of a line, each with where its first word stands in the line."""
    spans = [(first, end) for first, end, _ in known.named if not _is_addressed(line, first, end)]
    spans += known.initials
    start = 0
    for end in _ends(line.words):
        words = Line(line.words[start:end], line.case)
        names = [(a - start, b - start) for a, b in spans if start <= a and b <= end]
        meant = _second_person(words) if known.greeted else ()
        persons = tuple(sorted([*names, *_pronouns(words), *meant]))
        casework = any(start <= a < end for a, _ in known.initials)
        generic = not (known.said or casework) and any(word.low in _OF_MANY for word in words.words)
        about = evidence(words, bool(names) or known.said or known.owned)
        yield start, Sentence(words, persons, about, generic)
        start = end


def said_in(sentence: Sentence, term: Term) -> bool:
    """Tell whether a sensitive phrase is said of a person in this sentence."""
    line, about = sentence.line, sentence.about
    if _names_a_role(line, term):
        return False
    if any(_ties(line, person, term) for person in sentence.persons):
        return True
    if about.named and not sentence.generic:
        return True
    if term.faint or about.themes:
        return False
    return any(
        tied(line, noun, term) and not _is_anybody(line, noun)
        for noun in about.nouns
        if not term.first <= noun < term.end
    )


def says_who(line: Line) -> bool:
    """Tell whether a line opens an answered mail, or greets: whoever stands there is no case."""
    words = line.words
    if not words or words[0].low in _GREETINGS:
        return True
    return words[0].low in _HEADERS and len(words) > 1 and ":" in words[1].gap


def _ends(words: Sequence[Word]) -> Iterator[int]:
    """Yield where sentences end: after the word before a full stop and a capital."""
    for at in range(1, len(words)):
        gap, before = words[at].gap, words[at - 1]
        if len(gap) < _MARK_AND_SPACE or not any(mark in gap for mark in _ENDS):
            continue
        if len(before.text) > 1 and not before.kinds & TITLE and not words[at].text[0].islower():
            yield at
    if words:
        yield len(words)


def _pronouns(line: Line) -> Iterator[tuple[int, int]]:
    """Find he and she, but not where somebody says how to be spoken of: she/her."""
    for at, word in enumerate(line.words):
        if word.low in PRONOUNS and not says_how_to_be_called(line, at):
            yield at, at + 1


def greets(line: Line, named: Sequence[NameSpan]) -> bool:
    """Tell whether a line greets one person with a title or in full: Dear Mrs Khan."""
    words = line.words
    if not words or words[0].low not in _GREETINGS:
        return False
    return any(first == 1 and end - first > 1 for first, end, _ in named)


def _second_person(line: Line) -> Iterator[tuple[int, int]]:
    """Find "your", and "you are" or "you have" where nothing makes it a case that may be."""
    words = line.words
    for at, word in enumerate(words):
        before = words[at - 1].low if at else ""
        after = words[at + 1].low if at + 1 < len(words) else ""
        if before not in _PERHAPS and (word.low == "your" or (word.low == "you" and after in _ARE)):
            yield at, at + 1


def _is_addressed(line: Line, first: int, end: int) -> bool:
    """Tell whether a name is of one who is greeted, spoken to, or speaks about a theme."""
    words = line.words
    if first < _GREETED and says_who(line):
        return True
    before = words[first - 1].low if first else ""
    second = words[first - 2].low if first > 1 else ""
    if before in _SPOKEN_TO or (before == "to" and second in _TO):
        return True
    if (before == "by" and second in _BY) or before in _OFFICE:
        return True
    if before in {"is", "was", "are"} and second in _OFFICE:
        return True
    after = [word.low for word in words[end : end + 3]]
    return any(low in _SPEAKS for low in after) and not _IS_OR_HAS.issuperset(after[:1])


def _names_a_role(line: Line, term: Term) -> bool:
    """Tell whether what follows makes it somebody's job or a theme: Debt and Benefits Adviser."""
    following = line.words[term.end : term.end + _NEAR]
    for word in following:
        if word.low in _ROLES or (word.low in _THEMES and word.gap == " "):
            return True
        if word.gap not in {" ", ", ", " & ", "/"}:
            return False
        if word.low in _IS_OR_HAS:
            return False
    return False


def _ties(line: Line, person: tuple[int, int], term: Term) -> bool:
    """Tell whether a person and a phrase belong together by what stands between them."""
    words = line.words
    first, end = person
    if end <= term.first:
        apart = term.first - end
        if apart > _FAR:
            return False
        owner = words[end - 1]
        if (
            owner.owns
            or owner.low in OWNERS
            or owner.low == "your"
            or words[end].gap.strip() in _MARKS
            or not apart
        ):
            return apart <= _NEAR
        lows = {word.low for word in words[end : term.first]}
        return not lows.isdisjoint(_IS_OR_HAS) and lows.isdisjoint(_SPEAKS)
    if term.end <= first:
        return 0 < first - term.end <= _NEAR and words[first - 1].low in _PREPOSITIONS
    return True


def _is_anybody(line: Line, noun: int) -> bool:
    """Tell whether a noun means nobody in particular: your child, any pupil, a tenant."""
    words = line.words[max(0, noun - 2) : noun]
    return any(word.low in _ANY for word in words)
