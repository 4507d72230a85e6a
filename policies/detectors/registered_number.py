"""Ten-digit numbers under which people are registered: what those of learners and taxpayers share.

One number in eleven checks: words of the field must stand by it, or its own name before it.
"""

from collections.abc import Iterator

from policies.detectors.base import Candidate, ShapeDetector, most_in
from policies.detectors.context import Words
from policies.detectors.finding import Confidence
from policies.detectors.tens import LENGTH, Span, Tens, tens_in
from policies.text.view import View


class RegisteredNumber(ShapeDetector):
    """Ten digits that check beside words of their field; any ten that are called by the name."""

    def own(self) -> Words:
        """Give what such a number is called."""
        raise NotImplementedError

    def field(self) -> Words:
        """Give the words that make a number that checks a likely one."""
        raise NotImplementedError

    def checking(self, tens: Tens) -> list[Span]:
        """Give where the numbers stand that check."""
        raise NotImplementedError

    def foreign(self, view: View, start: int, end: int) -> bool:
        """Tell whether words say that a number is of another kind, even near the own name."""
        raise NotImplementedError

    def doubtful(self, view: View, start: int, end: int) -> bool:
        """Tell whether words of the field do not suffice."""
        raise NotImplementedError

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield ten-digit windows near such words."""
        tens = tens_in(view)
        if tens.many and not (self.own().anywhere(view) or self.field().anywhere(view)):
            return
        for run in tens.foremost:
            if self.own().right_before(view, run.starts[0]):
                yield run.starts[0], run.end(LENGTH - 1), Confidence.LIKELY
        checking = self.checking(tens)
        if len(checking) > most_in(view):
            yield *checking[0], Confidence.LIKELY  # to read about each would take too long
            return
        for start, end in checking:
            confidence = self._judge(view, start, end)
            if confidence:
                yield start, end, confidence

    def _judge(self, view: View, start: int, end: int) -> Confidence | None:
        """Judge a number that checks."""
        if self.own().right_before(view, start):
            return Confidence.SURE
        if self.foreign(view, start, end):
            return None
        if self.own().near(view, start, end):
            return Confidence.SURE
        likely = self.field().near(view, start, end) and not self.doubtful(view, start, end)
        return Confidence.LIKELY if likely else None
