"""Texts of a mail that may be shown to people: what the detectors saw, what they found masked.

For explanations. Promises that no word or digit of a finding is shown in any reading: what is
found in one may stand in another where no detector takes it for what it is.
Must never be used to make text fit for storing: store nothing instead.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.detectors import DETECTORS, Detector, Finding
from policies.detectors.scan import scan
from policies.extraction.passages import Passage, Where
from policies.text.view import View, normalise

MASK = "*"
LONGEST_SHOWN = 200
_AROUND = 40  # characters shown on either side of a finding
_MOST_EXCERPTS = 5  # of one passage

_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Shown:
    """One reading: its normal text, masked, and the labels of what was found in it."""

    text: str
    found: tuple[str, ...]


def masked(
    views: Iterable[View], detectors: Iterable[Detector] = DETECTORS.values()
) -> tuple[Shown, ...]:
    """Return the readings as they may be shown; readings that then look the same, once."""
    asked = tuple(detectors)
    texts: list[str] = []
    labels: list[tuple[str, ...]] = []
    words: set[str] = set()
    for view in views:
        findings = [(d.label, f) for d in asked for f in d.find(view)]
        spans = [(finding.start, finding.end) for _, finding in findings]
        labels.append(tuple(dict.fromkeys(label for label, _ in findings)))
        texts.append(normalise(_without(view.original, spans)).normal)
        for start, end in spans:
            words.update(_WORD.findall(normalise(view.original[start:end]).normal.casefold()))
    if any(labels):
        texts = [_without_words(re.sub(r"\d", MASK, text), words) for text in texts]
    shown = (Shown(_short(text), found) for text, found in zip(texts, labels, strict=True))
    return tuple(dict.fromkeys(shown))


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What stands around findings in a body or an attachment, masked, and their labels."""

    where: Where
    part: int
    text: str
    found: tuple[str, ...]


def excerpts(
    passages: Iterable[Passage], detectors: Iterable[Detector] = DETECTORS.values()
) -> tuple[Excerpt, ...]:
    """Return what may be shown of passages: a line for each place where something was found.

    Every figure in such a line is masked, and every word that is part of a finding anywhere.
    """
    asked = {one.name: one for one in detectors}
    found = [(one, scan(one.text, asked.values())) for one in passages]
    words = {
        word
        for passage, findings in found
        for finding in findings
        for word in _WORD.findall(_normal(passage.text, finding.start, finding.end).casefold())
    }
    made = []
    for passage, findings in found:
        for near in list(_together(findings))[:_MOST_EXCERPTS]:
            start, end = max(0, near[0].start - _AROUND), near[-1].end + _AROUND
            spans = [(one.start - start, one.end - start) for one in findings if one.start < end]
            text = _without(passage.text[start:end], [span for span in spans if span[1] > 0])
            shown = _without_words(re.sub(r"\d", MASK, normalise(text).normal), words)
            labels = dict.fromkeys(asked[one.detector].label for one in near)
            line = " ".join(shown.split())
            made.append(Excerpt(passage.where, passage.part, _short(line), tuple(labels)))
    return tuple(dict.fromkeys(made))


def _together(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    """Yield findings that stand near one another, in groups."""
    group: list[Finding] = []
    for finding in sorted(findings):
        if group and finding.start - group[-1].end > _AROUND:
            yield group
            group = []
        group.append(finding)
    if group:
        yield group


def _normal(text: str, start: int, end: int) -> str:
    return normalise(text[start:end]).normal


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    characters = list(text)
    for start, end in ((max(0, first), last) for first, last in spans):
        characters[start:end] = [MASK if c.isalnum() else c for c in characters[start:end]]
    return "".join(characters)


def _without_words(text: str, words: set[str]) -> str:
    def mask(found: re.Match[str]) -> str:
        return MASK * len(found[0]) if found[0].casefold() in words else found[0]

    return _WORD.sub(mask, text)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
