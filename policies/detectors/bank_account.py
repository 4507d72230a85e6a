"""Bank accounts of the United Kingdom: a sort code and an account number, or one that is named.

Source: Pay.UK, sort codes of six digits and account numbers of eight. A sort code looks like a
date: without an account number beside it only its name makes it one.
"""

from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import LINKS, THINGS, Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import NUMBER, Trigger, options
from policies.text.run import Run
from policies.text.view import View

_GAP = "[^0-9A-Za-z|]"
_PAIR = re2.compile(
    (
        rf"(?:^|[^0-9])([0-9]{{2}}({_GAP}{{1,3}})[0-9]{{2}}{_GAP}{{1,3}}[0-9]{{2}}|[0-9]{{6}})"
        rf"(?:{_GAP}{{1,5}}|[^0-9]{{0,3}}(?i:account|acc|acct|a/c)[^0-9]{{0,16}})"
        rf"([0-9]{{8}}|[0-9]{{4}}{_GAP}[0-9]{{4}})(?:[^0-9]|$)"
    ).encode(),
    options(),
)
_SORT = Words("sort code", "sort codes", "sortcode", "sort", "s c")
_CALLED = Words(
    "account number", "account no", "account", "acc no", "acc number", "acc", "acct", "acct no",
    "a c", "a c no", "a c number", "bank account", "bank account number",
)  # fmt: skip
_BANK = Words(
    "bank", "sort code", "bacs", "chaps", "refund", "payee", "direct debit", "standing order",
    "barclays", "lloyds", "natwest", "hsbc", "santander", "halifax", "nationwide", "monzo",
    "starling", "tsb", "building society", "rbs", "co-op bank", "first direct", "revolut", "salary",
    "wages", "pay into", "paid into", "bank details", "payment details", "transfer", "iban",
    "pay", "paid", "payment", "payments", "allowance", "back to",
    "account holder", "account name", "sort", "current account", "savings account", "bank account",
)  # fmt: skip
# What a body says of its own account, so that it is paid.
_OURS = Words(
    "invoice", "remittance", "our account", "our bank", "charity number", "registered charity",
    "vat", "vat registration", "donate", "donation", "donations", "purchase order",
    "our new account", "please pay", "pay us", "payable to", "total due", "amount due", "quoting",
    "ltd", "limited",
    "council", "borough", "school", "trust", "fund", "general fund", "company", "plc", "cic", "cio",
    "pay by bacs", "payment by bacs", "bank transfer", "school's account", "account name",
    "network",
)  # fmt: skip
_SOMEBODYS = Words(
    "his", "her", "their", "my", "employee", "refund", "salary", "wages", "payroll", "starter",
    "tenant", "claimant", "applicant", "client", "patient", "resident", "parent", "carer", "carers",
    "mother", "father", "mum", "dad", "pension", "benefit", "allowance", "customer", "mr", "mrs",
    "miss", "ms", "dr", "account holder", "payee", "joint account", "new starter", "foster",
    "personal", "savings account", "student", "staff", "volunteer", "expenses", "reimburse",
)  # fmt: skip
_OTHER_ACCOUNTS = Words(
    "customer", "council tax", "business rates", "rent account", "water", "electricity", "gas",
    "utility", "energy", "broadband", "telephone account", "meter", "supplier", "library", "user",
    "login", "crm", "azure", "aws",
)  # fmt: skip
_TO = LINKS | frozenset(b"to code account acc is new their his her our my and".split())
_SORT_LENGTH, _ACCOUNT, _ACCOUNT_LENGTHS, _BOTH = 6, 8, (7, 8), 14


class BankAccount(ShapeDetector):
    """A sort code with an account, or either where it is named."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield what may be an account; one that a body is paid into is hardly personal."""
        for start, end, confidence in self._accounts(view):
            ours = _OURS.near(view, start, end) and not _SOMEBODYS.before(view, start)
            yield start, end, Confidence.POSSIBLE if ours else confidence

    def _accounts(self, view: View) -> Iterator[Candidate]:
        """Yield pairs, then numbers by their names."""
        at = 0
        while match := _PAIR.search(view.digits, at):
            start, end = match.start(1), match.end(3)
            at = start + 1
            if self._is_pair(view, start, end, match.group(2)):
                yield start, end, Confidence.SURE
                at = end
        yield from _labelled(view)

    def _is_pair(self, view: View, start: int, end: int, joint: bytes | None) -> bool:
        """Tell whether digits are a pair: dashes speak for it, and otherwise words must."""
        if _BANK.near(view, start, end) or _CALLED.near(view, start, end):
            return True
        dashed = joint is not None and joint.strip() == b"-"
        return dashed and not THINGS.near(view, start, end)


def _labelled(view: View) -> Iterator[Candidate]:
    last: Run | None = None
    for run in view.runs:
        length = len(run.digits)
        start = run.starts[0]
        slashes = view.ascii.count(b"/", start, run.end(length - 1))
        if slashes and not (slashes == 1 and length == _BOTH and _is_spread(run)):
            continue  # a date, or several
        if length == _BOTH and _BANK.near(view, start, start):
            yield start, run.window(0, _BOTH).end, Confidence.SURE
        elif (
            last is not None
            and length == _ACCOUNT_LENGTHS[-1]
            and _is_spread(run)
            and _is_spread(last)
        ):
            if len(last.digits) == _SORT_LENGTH and _BANK.near(view, last.starts[0], start):
                yield last.starts[0], run.end(length - 1), Confidence.SURE
        elif length >= _SORT_LENGTH and _SORT.right_before(view, start, _TO):
            if _SORT_LENGTH in run.heads:
                yield start, run.window(0, _SORT_LENGTH).end, Confidence.SURE
        elif length in _ACCOUNT_LENGTHS and _CALLED.right_before(view, start, _TO):
            confidence = _of_bank(view, start)
            if confidence:
                yield start, run.window(0, length).end, confidence
        last = run


def _are_both(sort: Run, account: Run) -> bool:
    """Tell whether two runs of single digits are a sort code and an account number."""
    lengths = len(sort.digits), len(account.digits)
    return lengths == (_SORT_LENGTH, _ACCOUNT) and _is_spread(sort) and _is_spread(account)


def _is_spread(run: Run) -> bool:
    """Tell whether every digit stands by itself, as nobody writes a number of goods."""
    return len(run.heads) > len(run.digits)


def _of_bank(view: View, start: int) -> Confidence | None:
    """Judge a number that is called an account: whose, a council has many kinds of."""
    if _BANK.near(view, start, start):
        return Confidence.SURE
    return None if _OTHER_ACCOUNTS.near(view, start, start) else Confidence.LIKELY


BANK_ACCOUNT = BankAccount(
    "bank_account",
    "a bank account",
    Severity.HIGH,
    6,
    trigger=Trigger(NUMBER.numbers, f"{_SORT.pattern}|{_CALLED.pattern}", "", NUMBER.signs),
    headers=("Sort code", "Account number", "Account no", "Bank account", "Bank account number"),
    at_once=True,
)
