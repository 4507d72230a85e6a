"""Subjects that may be shown to people: what the detectors saw, with what they found masked.

For explanations. Promises that no word or digit of a finding is shown in any reading: what is
found in one may stand in another where no detector takes it for what it is.
Must never be used to make text fit for storing: store nothing instead.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from policies.detectors import DETECTORS
from policies.text.view import View, normalise

MASK = "*"
LONGEST_SHOWN = 200

_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Shown:
    """One reading: its normal text, masked, and the labels of what was found in it."""

    text: str
    found: tuple[str, ...]


def masked(views: Iterable[View]) -> tuple[Shown, ...]:
    """Return the readings as they may be shown; readings that then look the same, once."""
    texts: list[str] = []
    labels: list[tuple[str, ...]] = []
    words: set[str] = set()
    for view in views:
        findings = [(d.label, f) for d in DETECTORS.values() for f in d.find(view)]
        spans = [(finding.start, finding.end) for _, finding in findings]
        labels.append(tuple(dict.fromkeys(label for label, _ in findings)))
        texts.append(normalise(_without(view.original, spans)).normal)
        for start, end in spans:
            words.update(_WORD.findall(normalise(view.original[start:end]).normal.casefold()))
    if any(labels):
        texts = [_without_words(re.sub(r"\d", MASK, text), words) for text in texts]
    shown = (Shown(_short(text), found) for text, found in zip(texts, labels, strict=True))
    return tuple(dict.fromkeys(shown))


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    characters = list(text)
    for start, end in spans:
        characters[start:end] = [MASK if c.isalnum() else c for c in characters[start:end]]
    return "".join(characters)


def _without_words(text: str, words: set[str]) -> str:
    def mask(found: re.Match[str]) -> str:
        return MASK * len(found[0]) if found[0].casefold() in words else found[0]

    return _WORD.sub(mask, text)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
