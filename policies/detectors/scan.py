"""Finds personal data in texts of any size: bodies, and what attachments hold.

A text is normalised a piece at a time. One pass of the linear engine over a piece says where
something might be; only what stands around such places is given to the detectors. Promises to find
what the detectors find in a whole view, values under the headings of a table besides, and findings
on the original text. Time grows with the length of the text, whatever it holds.
Must never keep more than a piece in memory beside the text itself.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from policies.detectors.base import ShapeDetector
from policies.detectors.by_chance import without_chance
from policies.detectors.columns import Headings
from policies.detectors.date_of_birth import DATE_OF_BIRTH
from policies.detectors.facts.prose import OWNED
from policies.detectors.finding import Confidence, Detector, Finding, Severity
from policies.detectors.names.glance import Glance
from policies.detectors.names.nearby import NEARBY, parts, places
from policies.detectors.search import search
from policies.detectors.triggers import KINDS_OF_WORDS, TRIGGERS, Place, Triggers
from policies.stopwatch import Stopwatch
from policies.text.view import View, normalise

_PIECE = 1 << 16  # characters normalised at once
_WHOLE = 512  # a text so short is searched whole
_OVERLAP = 1024  # normal characters at the end of a piece that the next one reads again
_REACH = (40, 96)  # how far from a trigger its finding may be; from one that is a word
_CONTEXT = 96  # what a detector may read before and after a finding
_WORD = 64  # how much further to look for a space, so as not to begin inside a number
_LONGEST = 4096  # of a stretch given to the detectors at once
_SOME = 16  # lines or cells after which the clock is asked again: it is slow to answer
MOST = 1000  # findings of one detector in one text; a text with more is full of them


class Patience:
    """How much CPU time of this thread searching may take, in seconds.

    `ended` once a search has been given up for want of it: then not all of the text was searched.
    """

    def __init__(self, seconds: float) -> None:
        self._time = Stopwatch(seconds)
        self.ended = False

    def ends(self) -> bool:
        """Tell whether it has come to an end, and remember it."""
        self.ended = self.ended or self._time.is_over()
        return self.ended


ENDLESS = Patience(float("inf"))


def scan(text: str, detectors: Iterable[Detector], patience: Patience = ENDLESS) -> list[Finding]:
    """List the findings of `detectors` in `text`, in its order, spans in characters of `text`.

    At most `MOST` for each detector. Linear in the length of the text; never raises. Whoever limits
    its time must ask `patience.ended` afterwards: what was not searched must not count as clean.
    """
    return Scan(text, tuple(detectors), patience).findings()


Stretch = tuple[int, int, int]  # of the normal text, and which kinds of triggers are there


class Scan:
    """One text being searched."""

    def __init__(self, text: str, detectors: tuple[Detector, ...], patience: Patience) -> None:
        self._text = text
        self._patience = patience
        self._detectors = detectors
        self._headings = _headings(detectors)
        self._glance = Glance()
        self._read_to = 0  # where the last table ended
        self._found: dict[str, set[Finding]] = {detector.name: set() for detector in detectors}

    def findings(self) -> list[Finding]:
        """Search it all."""
        for view, at in _pieces(self._text):
            if self._patience.ends():
                break
            self._search(view, at)
        every = (one for found in self._found.values() for one in _apart(found))
        return sorted(without_chance(self._text, every))

    def _open(self) -> tuple[Detector, ...]:
        """Those of which there are not too many findings yet."""
        return tuple(one for one in self._detectors if len(self._found[one.name]) < MOST)

    def _search(self, view: View, at: int) -> None:
        detectors = self._open()
        near = tuple(detector for detector in detectors if detector.name in NEARBY)
        if len(view.normal) <= _WHOLE:
            others = (detector for detector in detectors if detector not in near)
            self._keep(self._uncut(search(view, others), view, at), at)
            self._search_near(view, at, near, [(0, len(view.normal))])
            self._search_tables(view, at)
            return
        swift = tuple(one for one in detectors if isinstance(one, ShapeDetector) and one.at_once)
        quick = tuple(one for one in detectors if one.name in TRIGGERS and one not in swift)
        for detector in swift:
            if self._patience.ends():
                return
            self._keep(self._of_this_piece(detector.read(view), view, at), at)
        self._search_tables(view, at)
        for other in set(detectors) - {*quick, *near, *swift}:
            self._keep(self._uncut(other.find(view), view, at), at)
        triggers = _triggers(tuple(detector.name for detector in quick))
        for stretch in _stretches(triggers.places(view.ascii), len(view.normal)):
            if self._patience.ends():
                return
            self._search_stretch(view, at, stretch, quick)
        if near:
            self._search_near(view, at, near, places(view.ascii))

    def _search_near(
        self, view: View, at: int, detectors: Sequence[Detector], seen: Iterable[tuple[int, int]]
    ) -> None:
        """Look for names and facts near signs of a person, findings of others among them."""
        signs = [one for one in seen if one[1]] if detectors else []
        numbers: list[int] = []
        for found in self._found.values():
            for one in found:
                if one.detector not in NEARBY and at + view.starts[0] <= one.start:
                    start = view.place(one.start - at)
                    signs.append((start, start + one.end - one.start))
                    if one.severity >= Severity.HIGH and one.confidence > Confidence.POSSIBLE:
                        numbers.append(start)
        numbers.sort()
        for count, part in enumerate(parts(view, signs, self._glance, numbers)):
            if not count % _SOME and self._patience.ends():
                return
            if DATE_OF_BIRTH in self._detectors and (born := DATE_OF_BIRTH.beside(part)):
                self._keep(born, at)
                part.memory[OWNED] = True
                insort(numbers, view.place(born[0].start))
            for detector in detectors:
                self._keep(detector.find(part), at)

    def _uncut(self, findings: Iterable[Finding], view: View, at: int) -> Iterator[Finding]:
        """Leave out what touches the edge of a piece, where a longer value may be cut in two."""
        first = view.starts[0] if at and view.normal else -1
        last = view.ends[-1] if at + len(view.original) < len(self._text) else -1
        return (one for one in findings if one.start != first and one.end != last)

    def _of_this_piece(self, findings: Iterable[Finding], view: View, at: int) -> Iterator[Finding]:
        """Leave to the piece before or after what it sees more of, in the middle of the overlap."""
        half = _OVERLAP // 2
        first = view.starts[half] if at else 0
        last = view.ends[-1]
        if at + len(view.original) < len(self._text):
            last = view.starts[len(view.normal) - half]
        return (one for one in findings if first <= one.start < last)

    def _search_stretch(
        self, view: View, at: int, stretch: Stretch, detectors: Sequence[Detector]
    ) -> None:
        """Keep what begins in a stretch of the normal text, read with what stands around it."""
        start, end, kinds = stretch
        first, last = _around(view.ascii, start, end)
        part = view.part(first, last)
        pulled = TRIGGERS.pulled(part, kinds)
        bounds = range(view.starts[start], view.ends[end - 1])
        for detector in detectors:
            if detector.name in pulled:
                self._keep((one for one in detector.find(part) if one.start in bounds), at)

    def _search_tables(self, view: View, at: int) -> None:
        for place in self._headings.within(view.ascii):
            heading = at + view.starts[place]
            if heading < self._read_to:
                continue
            table = self._headings.labelled(self._text, heading)
            for count, (detector, start, end) in enumerate(table.cells()):
                if not count % _SOME and self._patience.ends():
                    return
                if len(self._found[detector.name]) < MOST:
                    label = self._headings.label(detector)
                    cell = normalise(label + self._text[start:end])
                    below = (one for one in detector.find(cell) if one.start >= len(label))
                    self._keep(below, start - len(label))
            self._read_to = table.end

    def _keep(self, findings: Iterable[Finding], shift: int) -> None:
        for one in findings:
            moved = replace(one, start=one.start + shift, end=one.end + shift) if shift else one
            self._found[one.detector].add(moved)


def _pieces(text: str) -> Iterator[tuple[View, int]]:
    """Yield views of pieces that overlap, and where in the text each begins."""
    at, size = 0, _PIECE
    while at < len(text):
        view = normalise(text[at : at + size], size)
        last = at + size >= len(text)
        if not last and len(view.normal) < 2 * _OVERLAP:
            size *= 2  # hardly anything of it can be seen: take more, so as to move on
            continue
        yield view, at
        if last:
            return
        at += view.starts[len(view.normal) - _OVERLAP]
        size = _PIECE


@lru_cache(maxsize=64)
def _headings(detectors: tuple[Detector, ...]) -> Headings:
    return Headings(detectors)


@lru_cache(maxsize=64)
def _triggers(names: tuple[str, ...]) -> Triggers:
    return TRIGGERS.among(names)


def _stretches(places: Iterable[Place], length: int) -> Iterator[Stretch]:
    """Widen places, join those that meet to stretches, and cut what gets too long."""
    first, last, kinds = -1, -1, 0
    for start, end, kind in sorted(map(_widened, places)):
        if first >= 0 and start <= last and last - first <= _LONGEST:
            last, kinds = max(last, end), kinds | kind
            continue
        if 0 <= first < min(last, length):
            yield first, min(last, length), kinds
        first, last, kinds = max(last, start, 0), end, kind
    if 0 <= first < min(last, length):
        yield first, min(last, length), kinds


def _widened(place: Place) -> Stretch:
    start, end, kind = place
    reach = _REACH[kind in KINDS_OF_WORDS]
    return start - reach, end + reach, 1 << kind


def _around(text: bytes, start: int, end: int) -> tuple[int, int]:
    """Widen a stretch by what detectors read around a finding, up to the next spaces."""
    first, last = start - _CONTEXT, end + _CONTEXT
    if first > 0:
        first = text.rfind(b" ", max(0, first - _WORD), first) + 1 or first
    space = text.find(b" ", last, last + _WORD)
    return max(0, first), space if space > 0 else last


def _apart(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield those of one detector that do not overlap, the surer and longer first."""
    end = -1
    best: Finding | None = None
    for one in sorted(findings):
        if best is not None and one.start < end:
            better = (one.confidence, one.end - one.start) > (best.confidence, end - best.start)
            best, end = (one, one.end) if better else (best, end)
            continue
        if best is not None:
            yield best
        best, end = one, one.end
    if best is not None:
        yield best
