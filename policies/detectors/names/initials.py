"""Initials that stand for a person in casework: `CIN meeting LC`, `EHCP review for J.B.`.

Two capital letters are initials only where the line speaks of casework, and only in a place where a
name would stand. What is a known abbreviation is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from policies.detectors.finding import Confidence, Finding, Severity
from policies.detectors.names.gazetteer import Kind, words_of
from policies.detectors.names.words import Case, Line, Word, line_of
from policies.text.view import View

_SPANS = object()  # where a view keeps its initials
_CASEWORK = words_of("initials.txt", "casework")
_BEFORE = words_of("initials.txt", "before initials")
_ABBREVIATIONS = words_of("initials.txt", "abbreviations")
_NEVER = words_of("initials.txt", "never initials")
_MOST_LETTERS = 2
_MARKS = frozenset({"-", ":"})
_ASKED = frozenset({"update", "updates", "query", "concern", "concerns", "worried", "news"})
_ABOUT = frozenset({"on", "re", "about", "regarding", "for"})
_ASKED = frozenset({"update", "updates", "query", "concern", "concerns", "worried", "news"})
_ABOUT = frozenset({"on", "re", "about", "regarding", "for"})
_GAPS = frozenset({".", " ", ". "})
_MARKS = frozenset({"-", ":"})


def is_about(low: str) -> bool:
    """Tell whether a word is one of those without which no initials are found in a line."""
    return low in _CASEWORK or low in _ABOUT


def may_be_initials(line: Line, word: Word) -> bool:
    """Tell whether a word of two letters may be initials, as it is written in this text."""
    if not (len(word.text) == _MOST_LETTERS and word.low.isalpha() and word.low.isascii()):
        return False
    written = word.text.isupper() or line.case is Case.LOWER
    return written and word.low not in _NEVER and not _is_word(line, word)


def initials_in(view: View) -> list[tuple[int, int, Confidence]]:
    """Give the initials in a view, as spans of its words; worked out once."""
    found: list[tuple[int, int, Confidence]] | None = view.memory.get(_SPANS)
    if found is None:
        found = view.memory[_SPANS] = list(_initials(line_of(view)))
    return found


def none_in(view: View) -> None:
    """Let a view that cannot hold initials have none, without reading it."""
    view.memory[_SPANS] = []


def _initials(line: Line) -> Iterator[tuple[int, int, Confidence]]:
    words = line.words
    if not any(len(word.low) <= _MOST_LETTERS and word.low.isalpha() for word in words):
        return
    casework = {word.low for word in words} & _CASEWORK
    at = 0
    while at < len(words):
        end = _letters(line, at)
        if end and (sure := _in_place(line, at, end, casework)):
            yield at, end, sure
        at = end or at + 1


def _letters(line: Line, at: int) -> int:
    """Give the end of the initials at `at`: `LC`, `L.C.`, `L C`; 0 where there are none."""
    word = line.words[at]
    if word.thing or not word.low.isalpha() or not word.low.isascii():
        return 0
    if len(word.text) == _MOST_LETTERS:
        return at + 1 if may_be_initials(line, word) else 0
    if len(word.text) != 1 or (line.case is Case.MIXED and not word.text.isupper()):
        return 0
    end = at + 1
    while end < len(line.words) and end - at < _MOST_LETTERS + 1:
        follower = line.words[end]
        if (
            len(follower.text) != 1
            or not follower.text.isalpha()
            or follower.gap not in {".", " ", ". "}
        ):
            break
        if line.case is Case.MIXED and not follower.text.isupper():
            break
        end += 1
    return end if end - at >= _MOST_LETTERS else 0


def _is_word(line: Line, word: Word) -> bool:
    """Tell whether two letters are a word: only where case does not say."""
    return line.case is not Case.MIXED and bool(word.kinds & Kind.COMMON)


def _in_place(line: Line, at: int, end: int, casework: set[str]) -> Confidence | None:
    """Tell how sure it is that initials stand where a name would."""
    words = line.words
    known = end - at == 1 and words[at].low in _ABBREVIATIONS
    before = words[at - 1] if at else None
    about = casework - {word.low for word in words[at:end]}
    if before is None:
        return _opening(line, end, about, known)
    marked = before.gap.strip() in _MARKS or words[at].gap.strip() in {*_MARKS, "("}
    if about and (marked or before.low in _BEFORE):
        return Confidence.LIKELY
    asked = at > 1 and words[at - 2].low in _ASKED and before.low in _ABOUT
    dotted = end - at > 1 and words[at + 1].gap[:1] == "." and before.low in _ABOUT
    return Confidence.POSSIBLE if dotted or (asked and not known) else None


def _opening(line: Line, end: int, about: set[str], known: bool) -> Confidence | None:
    """`LA - LADO referral`, `KK and MO: sibling assessment`: initials open the line."""
    if end == len(line.words) or not about:
        return None
    gap = line.words[end].gap.strip()
    joined = line.words[end].low == "and" or gap in {"&", "/"}
    if gap in {"-", ":", ",", "("} or joined or line.words[end - 1].owns:
        return Confidence.LIKELY if not known or joined else Confidence.POSSIBLE
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Initials:
    """Finds initials of persons in casework."""

    name: str = "initials"
    label: str = "initials"
    severity: Severity = Severity.MEDIUM

    def find(self, view: View) -> list[Finding]:
        """List the initials in a view."""
        words = line_of(view).words
        return [
            Finding(*view.span(words[at].start, words[end - 1].end), self.name, sure, self.severity)
            for at, end, sure in initials_in(view)
        ]


INITIALS = Initials()
