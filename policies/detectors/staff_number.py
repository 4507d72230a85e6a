"""Numbers of staff: payroll, employee and assignment numbers, where they are called so.

Every employer numbers its staff in its own way, so there is neither shape nor check: the name
before the number is all the proof.
"""

from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import GAP, Trigger, options
from policies.text.numbers import alphanumeric, figures_in
from policies.text.view import View

_WHO = (
    "staff|payroll|employee|employees|employee's|personnel|emp|workforce|assignment|collar|warrant"
    "|esr|pay|officer|hr|post holder|postholder|starter|leaver|worker"
)
_NUMBER = r"numbers?|nos?|num|id|ident|identifier|ref|reference|code|nr|#"
_LABEL_TEXT = (
    rf"(?:^|[^0-9A-Za-z])(?i:(?:{_WHO}){GAP}{{0,3}}(?:{_NUMBER})(?:{GAP}{{0,3}}(?:is|was|{_NUMBER}))"
    rf"{{0,2}}|(?:payroll|employee|esr)){GAP}{{0,4}}"
)
_FIGURE = "[0-9OoIl|]"
_VALUE = (
    rf"((?i:[A-Z]{{0,3}}[-/]?){_FIGURE}{{3,10}}(?:-[0-9]{{1,2}})?"
    rf"|(?:[0-9]{GAP}{{1,3}}){{3,9}}[0-9]|[0-9]{{2,4}}(?:{GAP}[0-9]{{2,4}}){{1,3}})(?:[^0-9A-Za-z]|$)"
)
_SHAPE = re2.compile(f"({_LABEL_TEXT}){_VALUE}".encode(), options())
_FEWEST, _FEWEST_UNNUMBERED = 4, 5
_NAMED = re2.compile(rf"(?i)(?:{_NUMBER}|is|was)[^0-9A-Za-z]*$".encode(), options())
_YEAR = 4


class StaffNumber(ShapeDetector):
    """Four to ten digits after a name for them; a year is none, nor is an amount."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield the numbers that follow such a name."""
        for match in _SHAPE.finditer(view.digits):
            label, value = match.groups()
            figures = figures_in(value)
            numbered = _NAMED.search(label) is not None
            if figures < (_FEWEST if numbered else _FEWEST_UNNUMBERED) or _is_year(value):
                continue
            yield *match.span(2), Confidence.SURE if numbered else Confidence.LIKELY


def _is_year(value: bytes) -> bool:
    """Tell whether it is a year, as in "payroll no 2026"."""
    compact = alphanumeric(value)
    return len(compact) == _YEAR and compact.isdigit() and compact[:2] in {b"19", b"20"}


STAFF_NUMBER = StaffNumber(
    "staff_number",
    "a staff number",
    Severity.MEDIUM,
    4,
    trigger=Trigger(labels=_LABEL_TEXT + r"[A-Za-z]{0,3}[-/]?[0-9OoIl|]"),
    headers=(
        "Staff number", "Staff no", "Payroll number", "Payroll no", "Employee number",
        "Employee no", "Employee ID", "Staff ID", "Personnel number", "Assignment number",
    ),
)  # fmt: skip
