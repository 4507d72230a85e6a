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
from policies.extraction.passages import HEADER, Passage
from policies.text.view import View, normalise


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, the part it stands in, and a token that equal values share within a process."""

    finding: Finding
    part: int
    token: int = field(repr=False)


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
    for passage in passages if asked else ():
        for finding in scan(passage.text, asked, patience):
            yield Found(finding, passage.part, _token(passage.text, finding))


def _token(text: str, finding: Finding) -> int:
    value = normalise(text[finding.start : finding.end]).normal.casefold()
    return hash((finding.detector, "".join(filter(str.isalnum, value))))
