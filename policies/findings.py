"""Findings of one mail: what detectors found, in which part, and which of them are the same value.

For conditions that count. The same value in the plain and in the HTML text of a mail is one value,
however it is spelt there. Promises that no value is kept: equal values have equal tokens, and a
token says nothing else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from policies.detectors import Detector, Finding
from policies.detectors.scan import Patience, scan
from policies.detectors.search import search
from policies.extraction.passages import HEADER, Passage, Where
from policies.text.view import View, normalise

_SEAM = 96  # characters on either side of where two parts of a body meet


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, the part it stands in, and a token that equal values share within a process."""

    finding: Finding
    part: int
    token: int = field(repr=False)


def kinds(found: Iterable[Found]) -> dict[str, int]:
    """Count the different values by detector: what kinds of data a mail holds, and none of it."""
    tokens: dict[str, set[int]] = {}
    for one in found:
        tokens.setdefault(one.finding.detector, set()).add(one.token)
    return {detector: len(those) for detector, those in sorted(tokens.items())}


def in_views(views: Iterable[View], detectors: Iterable[Detector]) -> Iterator[Found]:
    """Yield what detectors find in the readings of a header."""
    asked = tuple(detectors)
    for view in views:
        for finding in search(view, asked):
            yield Found(finding, HEADER, _token(view.original, finding))


def in_passages(
    passages: Iterable[Passage], detectors: Iterable[Detector], patience: Patience
) -> Iterator[Found]:
    """Yield what detectors find in passages; each passage is read once, by all of them."""
    asked = tuple(detectors)
    before: Passage | None = None
    for passage in passages if asked else ():
        for finding in scan(passage.text, asked, patience):
            yield Found(finding, passage.part, _token(passage.text, finding))
        if before is not None and _goes_on(before, passage):
            yield from _at_the_seam(before, passage, asked, patience)
        before = passage


def _goes_on(before: Passage, passage: Passage) -> bool:
    """Tell whether a part of the body begins with what may belong to the part before it."""
    begins = passage.text.lstrip()[:1].isdecimal()
    return begins and (before.where, before.part) == (Where.BODY, passage.part - 1)


def _at_the_seam(
    before: Passage, passage: Passage, detectors: tuple[Detector, ...], patience: Patience
) -> Iterator[Found]:
    """Yield what stands across the end of one part and the beginning of the next."""
    last = before.text.rstrip()[-_SEAM:]
    text = f"{last} {passage.text.lstrip()[:_SEAM]}"
    for finding in scan(text, detectors, patience):
        if finding.start <= len(last) + 1 < finding.end:
            yield Found(finding, passage.part, _token(text, finding))


def _token(text: str, finding: Finding) -> int:
    value = normalise(text[finding.start : finding.end]).normal.casefold()
    return hash((finding.detector, "".join(filter(str.isalnum, value))))
