"""Whether a line speaks of one person, and whether a word in it is said of that person.

A name, initials, a pronoun or a number of somebody speak for it; so does a noun for one person
("pupil", "tenant") that leads on to something: "tenant with", "pupil is". Words of themes
(training, policy, awareness) speak against it.
"""

from typing import NamedTuple

from policies.detectors.facts.terms import Term
from policies.detectors.names.candidates import is_initial
from policies.detectors.names.gazetteer import Kind, words_of
from policies.detectors.names.words import Line, Word

_PERSON = int(Kind.PERSON | Kind.RELATION)
_COMMON_NOUNS = frozenset({
    "parents", "mums", "dads", "carers", "brothers", "sisters", "siblings", "guardians", "children",
    "grandparents", "foster", "twins",
})  # fmt: skip
_ONE_MORE = frozenset({"family", "somebody", "someone", "lad", "girl", "gent", "mp", "councillor"})
PRONOUNS = frozenset({"he", "she", "his", "her", "him", "hers", "himself", "herself"})
OWNERS = frozenset({"his", "her"})
_NUMBERS = frozenset({"staff", "payroll", "employee", "personnel", "pupil", "patient", "case"})
_LEADS_ON = words_of("cues.txt", "leads on", "facts")
_THEMES = words_of("cues.txt", "themes", "facts")
_FEWEST_FIGURES = 4  # characters of somebody's number; fewer count something
_FEW_BETWEEN = 2  # words that may tie a term to a noun behind it: "of the"
_FAMILY_OF_THEMES = 3  # words after a term within which a theme makes it one


class Evidence(NamedTuple):
    """What a line says about there being a person."""

    named: bool
    nouns: tuple[int, ...]  # the words that mean one person and lead on to something
    themes: bool


def evidence(line: Line, named: bool) -> Evidence:
    """Read a line for the person it may be about; `named`: names or initials were found."""
    words = line.words
    named = named or any(_speaks_of_one(line, at) for at in range(len(words)))
    nouns = tuple(
        at
        for at, word in enumerate(words)
        if _is_noun(word.low, word.kinds) or (word.low == "staff" and _member(line, at))
    )
    themes = any(word.low in _THEMES for word in words)
    return Evidence(named, nouns, themes)


def may_mean_a_person(word: Word) -> bool:
    """Tell whether a word may speak for a person, whatever stands beside it."""
    low = word.low
    return low in PRONOUNS or low in _NUMBERS or low == "staff" or _is_noun(low, word.kinds)


def _is_noun(low: str, kinds: int) -> bool:
    return (bool(kinds & _PERSON) and low not in _COMMON_NOUNS) or low in _ONE_MORE


def _member(line: Line, at: int) -> bool:
    """Tell whether "member of" stands before: one of the staff."""
    return at > 1 and line.words[at - 1].low == "of" and line.words[at - 2].low == "member"


def _speaks_of_one(line: Line, at: int) -> bool:
    """Find a pronoun, or a number that is somebody's: payroll no 441021."""
    word = line.words[at]
    if word.low in PRONOUNS:
        return not says_how_to_be_called(line, at)
    if word.low not in _NUMBERS or at + 1 == len(line.words):
        return False
    near = line.words[at + 1 : at + 4]
    return any(one.low[0].isdigit() and len(one.low) >= _FEWEST_FIGURES for one in near) or (
        word.low == "case" and len(near) > 0 and is_initial(line, near[0])
    )


def says_how_to_be_called(line: Line, at: int) -> bool:
    """Tell whether a pronoun only says how somebody wishes to be spoken of: she/her."""
    words = line.words
    after = words[at + 1].gap if at + 1 < len(words) else ""
    return "/" in words[at].gap or "/" in after


def said_of_somebody(line: Line, term: Term, about: Evidence) -> bool:
    """Tell whether a sensitive phrase is said of a person in this line."""
    if _is_theme(line, term, about):
        return False
    if about.named:
        return True
    if term.faint or about.themes:
        return False
    return any(tied(line, noun, term) for noun in about.nouns if not term.first <= noun < term.end)


def _is_theme(line: Line, term: Term, about: Evidence) -> bool:
    following = line.words[term.end : term.end + (1 if about.named else _FAMILY_OF_THEMES)]
    return any(word.low in _THEMES and word.gap == " " for word in following)


def tied(line: Line, noun: int, term: Term) -> bool:
    """Tell whether a noun for one person and a phrase belong together."""
    words = line.words
    if noun + 1 == term.first:
        return term.about != "health_fact" or words[term.first].gap != " "
    if term.end == noun:
        return words[noun].gap in {" ", "-"}
    if noun > term.end:
        between = words[term.end : noun]
        if len(between) <= _FEW_BETWEEN and any(one.low in {"of", "for", "in"} for one in between):
            return True
        return words[term.end].gap.strip() in {":", "-"}
    after = words[noun + 1]
    return (
        after.low in _LEADS_ON
        or after.gap.strip() in {":", "-", ",", "("}
        or after.low[0].isdigit()
    )
