"""Numbers of orders, invoices and measurements that check as somebody's number by chance.

One in eleven numbers of ten digits has a right check digit, so in a column of order numbers some
do. Of patients' numbers nearly all do. Promises to leave out only numbers that fill a cell or a
line among others of their length, most of which do not check, or under a heading that calls them
something else, what goes over several decimal numbers, and what a machine wrote: a stretch of a
dump, a path of a drawing or a digest; never one that words nearby call a patient's or a card's.
Linear in the length of the text.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable

from policies.detectors.finding import Finding

PATIENTS = frozenset({"nhs_number", "chi_number", "health_and_care_number"})
_TEN = re.compile(  # alone in a cell or a line
    r"(?:^|[\t|;,\"]|  )[ \"]?([0-9]{10})(?=\"? ?(?:$|[\r\n\t|;,]|  ))", re.MULTILINE
)
_OWN = re.compile(r"\b(?:nhs|gig|chi|h&c|hcn|hsc|patient)", re.IGNORECASE)
_GOODS = re.compile(
    r"\b(?:orders?|po|purchase|invoices?|inv|delivery|consignments?|serial|asset|part|item|meter"
    r"|mpan|tracking|parcels?|batch|lot|job|ticket|booking|receipt|transaction|account|product|sku"
    r"|barcode|policy|contract|tender|columns?|stock|catalogue|requisition|ledger|reference|ref)\b",
    re.IGNORECASE,
)
_PERSONS = re.compile(
    r"patient|pupil|client|tenant|resident|student|child|name|born|birth|dob", re.IGNORECASE
)
_PAID = re.compile(r"card|visa|pay|account|sort code", re.IGNORECASE)
_DECIMALS = re.compile(  # the first and the last of them perhaps in part
    r"\d*\.?\d*(?:[ \t\r\n,;]+-?\d{1,4}\.\d{1,3}){2,}(?:[ \t\r\n,;]+-?\d{1,4}(?:\.\d{0,3})?)?"
)
_LONGEST_DECIMALS = 200
_PIECED = PATIENTS | {"payment_card", "iban", "upn", "uln", "utr", "bank_account"}
_GROUP = re.compile(r"[0-9A-Za-z]+")
_PRINTED = frozenset({(3, 3, 4), (4, 4, 4, 4), (4, 6, 5), (6, 4)})  # digits, as people group them
_AROUND = 64  # characters on either side in which a machine's numbers are counted
_FEWEST_AROUND = 6
_SMALL = re.compile(
    r"[A-Za-z]|[A-Za-z]?[-.]?[0-9A-Fa-fx][-.0-9A-Fa-fx]{0,40}[zZ]?"
)  # 3f, -1.5, C40
_NUMBER = re.compile(r"[0-9A-Fa-f]{2,}|[0-9]")
_LONG_RUN = re.compile(r"[0-9]{5}")
_BETWEEN = re.compile(r"[\s,:]+")
_DIGEST = re.compile(r"[0-9A-Fa-f]{20,}")
_CELLS = re.compile(r"\t| {2,}|[|;,]")
_MOST_WORDS = 4  # in the heading of a column
_FEWEST = 4  # numbers from which their share says something
_LONGEST_LINE = 2000
_MOST_ROWS = 400  # back to a heading
_REACH = 60


def without_chance(text: str, findings: Iterable[Finding]) -> list[Finding]:
    """Leave out the findings of patients' numbers in `text` that are so by chance."""
    found = [
        one for one in findings if not (_is_measured(text, one) or _is_of_a_machine(text, one))
    ]
    theirs = {one.start for one in found if one.detector in PATIENTS}
    if not theirs:
        return found
    tens = [match.start(1) for match in _TEN.finditer(text)]
    chance = {start for start in theirs if _is_chance(text, start, tens, theirs)}
    return [one for one in found if one.detector not in PATIENTS or one.start not in chance]


def _is_measured(text: str, one: Finding) -> bool:
    """Tell whether a finding was put together from decimal numbers that stand side by side."""
    if one.end - one.start > _LONGEST_DECIMALS or not _DECIMALS.fullmatch(text, one.start, one.end):
        return False
    before = text[max(0, one.start - _REACH) : one.start]
    return not any(words.search(before) for words in (_OWN, _PERSONS, _PAID))


def _is_of_a_machine(text: str, one: Finding) -> bool:
    """Tell whether a finding was put together from a dump, a path, or a piece of a digest."""
    if one.detector not in _PIECED or one.end - one.start > _LONGEST_DECIMALS:
        return False
    groups = _GROUP.findall(text[one.start : one.end])
    if len(groups) > 1:
        printed = all(map(str.isdecimal, groups)) and tuple(map(len, groups)) in _PRINTED
        machines = not printed and _numbers_around(text, one.start, one.end) >= _FEWEST_AROUND
    else:
        around = text[max(0, one.start - _AROUND) : one.end + _AROUND]
        at = one.start - max(0, one.start - _AROUND)
        machines = any(
            match.start() <= at < match.end()
            and match.end() - match.start() > one.end - one.start
            and not match.group().isdecimal()
            for match in _DIGEST.finditer(around)
        )
    before = text[max(0, one.start - _REACH) : one.start]
    return machines and not any(words.search(before) for words in (_OWN, _PERSONS, _PAID))


def _numbers_around(text: str, start: int, end: int) -> int:
    """Count the small numbers that stand without a word between on both sides of a place."""
    before = _BETWEEN.split(text[max(0, start - _AROUND) : start])
    after = _BETWEEN.split(text[end : end + _AROUND])
    count = 0
    for tokens in (reversed(before), after):
        for token in filter(None, tokens):
            if _SMALL.fullmatch(token) is None or _LONG_RUN.search(token):
                break
            count += len(_NUMBER.findall(token))
    return count


def _is_chance(text: str, start: int, tens: list[int], theirs: Collection[int]) -> bool:
    at = bisect_left(tens, start)
    if at == len(tens) or tens[at] != start or _OWN.search(text[max(0, start - _REACH) : start]):
        return False
    first, last = _table(text, start)
    heading = text[first : min(text.find("\n", first) % (len(text) + 1), first + _LONGEST_LINE)]
    if _OWN.search(heading):
        return False
    near = tens[bisect_left(tens, first) : bisect_right(tens, last)]
    right = sum(one in theirs for one in near)
    if len(near) >= _FEWEST and 2 * right < len(near):
        return True
    return first < text.rfind("\n", 0, start) and _is_of_goods(heading)


def _is_of_goods(heading: str) -> bool:
    """Tell whether a line heads columns of goods, and is no sentence."""
    cells = _CELLS.split(heading.strip())
    if any(len(cell.split()) > _MOST_WORDS for cell in cells) or _PERSONS.search(heading):
        return False
    return _GOODS.search(heading) is not None


def _table(text: str, start: int) -> tuple[int, int]:
    """Give where the rows without a blank line around a place begin and end."""
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", start)
    for _row in range(_MOST_ROWS):
        above = text.rfind("\n", 0, max(0, first - 1)) + 1
        if first == 0 or not text[above : first - 1].strip():
            break
        first = above
    for _row in range(_MOST_ROWS):
        if last < 0:
            return first, len(text)
        below = text.find("\n", last + 1)
        if not text[last + 1 : below if below >= 0 else len(text)].strip():
            break
        last = below
    return first, last if last >= 0 else len(text)
