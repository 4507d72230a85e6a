"""References of people's cases: CH-728067, "Case ASC/405078", "Mosaic ID 1234567".

Many organisations recommend references instead of names, so the severity is low and rules may leave
them out. Without words of somebody's case a reference belongs to an order or a ticket.
"""

from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import THINGS, Words
from policies.detectors.finding import Confidence, Finding, Severity
from policies.detectors.names.person_name import names_in
from policies.detectors.names.words import line_of
from policies.detectors.triggers import GAP, TRIGGERS, Trigger, options
from policies.text.view import View

_WHOSE = (
    "case|cases|claim|claimant|client|service user|referral|safeguarding|child protection|applicant"
    "|social care|tenancy|tenant|complainant|homelessness|homeless application|court|tribunal"
    "|appeal|crime|ehcp|ehc plan|sen|mosaic|liquidlogic|liquid logic|eclipse|carefirst|care first"
    "|systmone|emis|rio|patient|resident|housing benefit|benefit|council tax support|blue badge"
    "|our file|my file|your file|case file|tenancy file"
    "|customer|person|party|enquiry|pupil|student|lado|mash|grievance|disciplinary|investigation"
)
_NUMBER = r"numbers?|nos?|num|id|ids|refs?|reference|file|nr|#|claim|case|is|application"
_LETTERS = r"[A-Z]{1,5}"
_PREFIX = rf"(?:(?i:{_LETTERS})[-/:]?|[A-Z]{{2,4}} )"
_CODE = rf"{_PREFIX}[0-9]{{4,10}}(?:[-/][0-9A-Za-z]{{1,6}}){{0,2}}"
_SEGMENTS = r"[0-9]{2,6}(?:[-/][0-9]{2,8}){1,3}(?:[-/][A-Za-z]{1,4})?"
_LABELLED_TEXT = (
    rf"(?:^|[^0-9A-Za-z])(?i:{_WHOSE})((?:{GAP}{{1,3}}(?i:{_NUMBER})){{0,3}}){GAP}{{1,4}}"
)
_LABELLED = re2.compile(
    rf"{_LABELLED_TEXT}({_CODE}|{_SEGMENTS}|[0-9]{{5,10}})(?:[^0-9A-Za-z]|$)".encode(), options()
)
_BARE_TEXT = r"(?:^|[^0-9A-Za-z])([A-Z]{2,4}[-/][0-9]{5,8})(?:[^0-9A-Za-z]|$)"
_FILED_TEXT = r"(?:^|[^0-9A-Za-z])([A-Z]{2,4}/[0-9]{3,6}/[0-9]{2}|[0-9]{6,8})(?:[^0-9A-Za-z]|$)"
_FILED = re2.compile(_FILED_TEXT.encode(), options())
_BARE = re2.compile(_BARE_TEXT.encode(), options())
_KNOWN_TEXT = (  # what councils put before the numbers of people's cases
    r"(?:^|[^0-9A-Za-z])((?:ASC|CYP|CSC|SEN|SEND|EHCP?|LAC|CIN|CP|MASH|LADO|DOLS|YOT|HB|CTS|CTR|HOM)"
    r"[-/]?(?:20[0-9]{2}[-/])?[0-9]{5,8})(?:[^0-9A-Za-z]|$)"
)
_KNOWN = re2.compile(_KNOWN_TEXT.encode(), options())
_SOLD = Words("invoice", "order", "po", "product", "part", "model", "ticket", "version", "contract")
_CARE = Words(
    "social worker", "strategy meeting", "safeguarding", "child protection", "social care", "lac",
    "looked after", "conference", "care plan", "assessment", "section 47", "s47", "cin", "icpc",
    "foster", "adoption", "family", "carer", "carers", "housing benefit", "claimant", "homeless",
    "tenancy", "case", "placement", "court", "mash", "lado", "early help", "eviction", "arrears",
    "domestic abuse", "marac", "camhs", "ehcp",
)  # fmt: skip
_BEFORE = re2.compile(
    rb"(?i)(?:business|use|test|show|brief|book|pencil|stair|in|best|worst|any|each|which|display)"
    rb"[^0-9A-Za-z]{1,2}$",
    options(),
)
_GOODS = frozenset(
    b"PO INV INC REQ CHG FOI EIR SIR TC BC SO DN GRN RFC CVE ISO BS EN IEC V VER KB MS HP WIN AB "
    b"SKU UK GB COVID RM CRM JIRA PRB TASK RITM SR TR TRO BUILD".split()
)
_YEARS = range(1900, 2100)
_LONG = range(6, 9)  # figures of the number of a file
_SUBJECT = 300  # characters; in longer texts only words tell
_WIDEST = 4


class CaseReference(ShapeDetector):
    """A code after words for somebody's case, or of such a shape near words of care."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield what follows such words, then what stands near them."""
        text = view.digits
        at = 0
        while match := _LABELLED.search(text, at):
            at = match.start(2)
            if _is_reference(view, match):
                yield *match.span(2), Confidence.LIKELY
                at = match.end(2)
        for match in _KNOWN.finditer(text):
            if not _SOLD.right_before(view, match.start(1)):
                yield *match.span(1), Confidence.POSSIBLE
        for match in _BARE.finditer(text):
            start, end = match.span(1)
            if _letters(match.group(1)) in _GOODS or not _CARE.near(view, start, end):
                continue
            if _CARE.right_before(view, start) or not THINGS.right_before(view, start):
                yield start, end, Confidence.POSSIBLE

    @property
    def waits(self) -> bool:
        """Whether it finds nothing in a text without its trigger: a name may speak for a number."""
        return False

    def find(self, view: View) -> list[Finding]:
        """List the findings, and in subjects a number or code right beside somebody's name."""
        found = self.read(view) if self.name in TRIGGERS.pulled(view) else []
        if found or len(view.original) > _SUBJECT or view.figures < self.fewest_figures:
            return found
        return [
            Finding(*view.span(start, end), self.name, Confidence.POSSIBLE, self.severity)
            for start, end in _beside_names(view)
        ]


def _beside_names(view: View) -> Iterator[tuple[int, int]]:
    """Yield codes that stand before or after a name, as people file what they write."""
    text = view.ascii
    for match in _FILED.finditer(text):
        start, end = match.span(1)
        if _letters(match.group(1)) in _GOODS or THINGS.right_before(view, start):
            continue
        words = line_of(view).words
        for first, last, _sure in names_in(view):
            here, there = words[first].start, words[last - 1].end
            between = text[there:start] if there <= start else text[end:here]
            if len(between) <= _WIDEST and not between.strip(b" ,:-()|"):
                yield start, end
                break


def _is_reference(view: View, match: "re2._Match") -> bool:
    numbered, code = match.group(1).strip(), match.group(2)
    if _BEFORE.search(view.digits[max(0, match.start() - 12) : match.start() + 1]):
        return False
    letters = _letters(code)
    if letters:
        return letters not in _GOODS
    if code.isdigit():
        filed = len(code) in _LONG and b"file" in match.group().lower()
        return bool(numbered or filed) and not (len(code) == 4 and int(code) in _YEARS)  # noqa: PLR2004 - a year
    return bool(numbered) and not _is_date(code)


def _letters(code: bytes) -> bytes:
    return code[
        : len(code) - len(code.lstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
    ].upper()


def _is_date(code: bytes) -> bool:
    """Tell whether segments are a date, or a year and a month."""
    parts = [len(part) for part in code.replace(b"/", b"-").split(b"-")]
    return parts in ([2, 2, 2], [2, 2, 4], [4, 2, 2], [4, 2])


CASE_REFERENCE = CaseReference(
    "case_reference",
    "a case reference",
    Severity.LOW,
    4,
    trigger=Trigger(
        labels=rf"{_LABELLED_TEXT}{_PREFIX}?[0-9OoIl|]{{2}}", codes=f"{_BARE_TEXT}|{_KNOWN_TEXT}"
    ),
    headers=("Case number", "Case ref", "Case reference", "Client ID", "Mosaic ID", "Person ID"),
)
