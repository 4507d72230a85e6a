"""Rosters: the organisation's own lists of people, kept as marks that say no name.

A mark is a keyed hash (HMAC-SHA-256, cut to 16 bytes) of a first name and a surname. Whoever has a
roster's file alone cannot tell who is in it, nor try names against it without the key, which is
another file. Promises that a name is recognised however it is spelt in capitals, accents, hyphens.
Must never write a name, nor keep one after its mark is made.

A file of marks is ASCII text: `sealgate-roster 1`, then one mark a line in hex, sorted.
"""

import csv
import hmac
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from policies.detectors.finding import Confidence
from policies.detectors.names.gazetteer import Kind, folded
from policies.detectors.names.words import Line, Word
from vault.secrets import Secret

SUFFIX = ".roster"
_FIRST_LINE = "sealgate-roster 1"
_MARK = 16  # bytes kept of each hash
_LONGEST_SURNAME = 3  # words
_MOST_BYTES = 64 << 20  # of a table, or a file of marks
_GAPS = frozenset({" ", "-", ". ", ".", "_"})
_COMMA = ", "
_FORENAMES = ("forename", "first name", "firstname", "given name", "legal forename", "forenames")
_SURNAMES = ("surname", "last name", "lastname", "family name", "legal surname")
_PREFERRED = (
    "preferred name", "preferred forename", "chosen name", "chosen forename", "known as",
    "preferred first name",
)  # fmt: skip


class RosterError(Exception):
    """A table or a roster cannot be used; the text says which and how to mend it, and no name."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Marks of people, and the key they were made with."""

    key: Secret
    marks: frozenset[bytes]

    def knows(self, forename: str, surname: str) -> bool:
        """Tell whether somebody of this name is in it."""
        return mark(self.key, forename, surname) in self.marks


_in_use: list[Roster] = []


def use(rosters: Iterable[Roster]) -> None:
    """Let the name detector of this process look names up in these rosters from now on."""
    _in_use[:] = [one for one in rosters if one.marks]


def any_in_use() -> bool:
    """Tell whether names are looked up in any roster."""
    return bool(_in_use)


def mark(key: Secret, forename: str, surname: str) -> bytes:
    """Make the mark of a name."""
    name = f"{_letters(forename)} {_letters(surname)}"
    return hmac.digest(key.reveal(), name.encode("utf-8"), "sha256")[:_MARK]


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, folded(name)))


def marks_of(table: bytes, key: Secret) -> frozenset[bytes]:
    """Make the marks of everybody in a CSV table; raises RosterError.

    The first line names the columns: a forename and a surname, and a preferred name if there is
    one. Somebody with several forenames is known by the first and by all of them.
    """
    rows = csv.reader(io.StringIO(_text(table)), _dialect(table))
    header = [cell.strip().casefold() for cell in next(rows, [])]
    forename, surname = _column(header, _FORENAMES), _column(header, _SURNAMES)
    preferred = _column(header, _PREFERRED)
    if forename is None or surname is None:
        raise RosterError(
            "the first line must name the columns, one of them Forename and one Surname"
        )
    marks: set[bytes] = set()
    for row in rows:
        if len(row) <= max(forename, surname):
            continue
        given = [row[forename], *row[forename].split()[:1]]
        if preferred is not None and preferred < len(row):
            given.append(row[preferred])
        for name in given:
            if _letters(name) and _letters(row[surname]):
                marks.add(mark(key, name, row[surname]))
    if not marks:
        raise RosterError("the table names nobody")
    return frozenset(marks)


def _text(table: bytes) -> str:
    if len(table) > _MOST_BYTES:
        raise RosterError(f"the table is larger than {_MOST_BYTES >> 20} MB")
    try:
        return table.decode("utf-8-sig")
    except UnicodeDecodeError:
        return table.decode("cp1252", "replace")


def _dialect(table: bytes) -> type[csv.Dialect]:
    first = table.split(b"\n", 1)[0]

    class Table(csv.excel):
        delimiter = max(",;\t", key=lambda sign: first.count(sign.encode()))

    return Table


def _column(header: list[str], names: tuple[str, ...]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def written(marks: Iterable[bytes]) -> bytes:
    """Give the text of a file of marks."""
    lines = [_FIRST_LINE, *sorted(one.hex() for one in marks)]
    return ("\n".join(lines) + "\n").encode("ascii")


def read(path: Path, key: Secret) -> Roster:
    """Read a file of marks. Raises RosterError, naming the file."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RosterError(f"{path} is larger than {_MOST_BYTES >> 20} MB")
        first, *lines = path.read_text(encoding="ascii").splitlines()
        marks = frozenset(bytes.fromhex(line) for line in lines)
    except (OSError, ValueError):
        raise RosterError(f"{path} cannot be read: import the roster again") from None
    if first != _FIRST_LINE or any(len(one) != _MARK for one in marks):
        raise RosterError(f"{path} is no roster: import it again")
    return Roster(key, marks)


def known_in(line: Line) -> Iterator[tuple[int, int, Confidence]]:
    """Yield the names in a line that are in a roster in use, left to right, without overlaps."""
    at = 0
    while _in_use and at < len(line.words) - 1:
        end = _known_at(line, at)
        if end:
            words = line.words[at:end]
            everyday = all(word.kinds & Kind.COMMON and word.text.islower() for word in words)
            yield at, end, Confidence.LIKELY if everyday else Confidence.SURE
        at = end or at + 1


def _known_at(line: Line, at: int) -> int:
    """Give the end of a name that begins at `at`, the longest first; 0 where there is none."""
    words = line.words
    reach = at + 1
    while reach < len(words) and reach - at <= _LONGEST_SURNAME and _joins(words[reach]):
        reach += 1
    for end in range(reach, at + 1, -1):
        row = [word.text for word in words[at:end]]
        for cut in range(1, len(row)):
            front, back = "".join(row[:cut]), "".join(row[cut:])
            if any(one.knows(front, back) or one.knows(back, front) for one in _in_use):
                return end
    return 0


def _joins(word: Word) -> bool:
    if word.gap == _COMMA:
        return not (word.text.islower() and word.kinds & Kind.COMMON)
    return word.low[0].isalpha() and word.gap in _GAPS
