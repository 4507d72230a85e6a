"""What the model sees of a word: what it can be, how it is written, and what stands around it.

Used alike where the weights are learnt (`bench/detection/training/`) and where they are applied.
Features are short texts; none holds more of a mail than single words of the lists.
"""

from collections.abc import Callable, Sequence

from policies.detectors.names.gazetteer import CUES, NAMED, Kind
from policies.detectors.names.words import Case, Word

_LETTERS = "FScpoTwrPvVktMDbaC"  # one for each bit of `Kind`, in order
_KNOWN = int(Kind.COMMON | CUES)
_CASE_WORDS = int(Kind.CASE)
_PERSONS = int(Kind.PERSON | Kind.RELATION)
_NAMED = int(NAMED)
_EDGE = "^"
_BRIEF: dict[int, str] = {}  # every set of kinds that occurs, spelt; a few hundred

Likeness = Callable[[str], int]  # how much an unknown word looks like a name, 0 to 4


def brief(kinds: int) -> str:
    """Spell what a word can be: `FSc` for a first name, surname and ordinary word."""
    known = _BRIEF.get(kinds)
    if known is None:
        letters = (letter for bit, letter in enumerate(_LETTERS) if kinds >> bit & 1)
        known = _BRIEF[kinds] = "".join(letters)
    return known


def label(word: Word, likeness: Likeness) -> str:
    """Say in a few letters what a word can be."""
    if word.thing:
        return "Z"
    if word.kinds:
        return brief(word.kinds)
    if word.low[0].isdigit():
        return "#"
    return "i" if len(word.low) == 1 else f"X{likeness(word.low)}"


def identity(word: Word, name: str) -> str:
    """Give an ordinary word itself, and of any other only what it can be."""
    return word.low if word.kinds & _KNOWN and not word.thing else name


def gap_of(gap: str) -> str:
    """Reduce what stands between two words to one sign, or none for a space."""
    if gap in {" ", ""}:
        return gap
    for sign in ",:;()/&.|'\"-":
        if sign in gap:
            return sign
    return "?"


def features(
    words: Sequence[Word], labels: Sequence[str], at: int, case: Case, about: str
) -> tuple[str, ...]:
    """List the features of the word at `at`; `about` tells of the whole line (`mood`)."""
    word, me = words[at], labels[at]
    last = len(words) - 1
    before = identity(words[at - 1], labels[at - 1]) if at else _EDGE
    after = identity(words[at + 1], labels[at + 1]) if at < last else _EDGE
    left = labels[at - 1] if at else _EDGE
    right = labels[at + 1] if at < last else _EDGE
    gap = gap_of(word.gap) if at else ""
    gap_after = gap_of(words[at + 1].gap) if at < last else ""
    mine = f"{me}{word.shape if case is Case.MIXED else case.value}{'s' if word.owns else ''}"
    kind = coarse(word, me)
    return (
        "0" + mine,
        f"-{before}{gap}",
        f"+{after}{gap_after}",
        f"<{before}{gap}|{kind}",
        f">{after}{gap_after}|{kind}",
        f"[{left}{gap}|{me}",
        f"]{right}{gap_after}|{me}",
        f"={left}{gap}|{right}{gap_after}|{kind}",
        f"~{before}|{after}|{kind}",
        f"2{identity(words[at - 2], labels[at - 2]) if at > 1 else _EDGE}|{before}",
        f"3{after}|{identity(words[at + 2], labels[at + 2]) if at < last - 1 else _EDGE}|{kind}",
        f"4{labels[at + 2] if at < last - 1 else _EDGE}|{right}|{kind}",
        f"c{case.value}{kind}",
        f"e{at == 0}{at == last}{kind}{'s' if word.owns else ''}",
        f"h{about}{kind}",
        f"o{word.owns}{after if word.owns else ''}{kind}",
    )


def coarse(word: Word, name: str) -> str:
    """Say how strongly the lists speak for a name: strong, doubtful or unknown."""
    kinds = word.kinds
    if not kinds & _NAMED:
        return name if name[0] == "X" else "u"
    sort = ("F" if kinds & Kind.FIRST else "") + ("S" if kinds & Kind.SURNAME else "")
    return sort + ("w" if kinds & ~_NAMED else "")


def mood(words: Sequence[Word]) -> str:
    """Tell whether a line speaks of persons or of casework at all."""
    kinds = 0
    for word in words:
        kinds |= word.kinds
    digits = any(word.low[0].isdigit() for word in words)
    person = "P" if kinds & _PERSONS else ""
    return f"{person}{'C' if kinds & _CASE_WORDS else ''}{'#' if digits else ''}"
