"""Verifying the audit trail: every line against its strand, every strand against signed heads.

Trusts the public keys it is given, the successors that they have named (`vault.trail.signed`) and,
where there are any, copies of heads that were kept elsewhere. Finds lines that were changed, taken
out, put in or put elsewhere; a strand that is gone; an end that was cut off; and heads that were
changed, forged or taken out.

Promises flat memory, and that reading goes on behind what it finds, so that one line which was
changed is told as that line. What it cannot find is said in docs/reference/audit.md.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from vault.keys.signing import VerifyingKey
from vault.storage import tables
from vault.storage.store import Store
from vault.trail import chain, heads, lines
from vault.trail.signed import Findings, Kept, Signed

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of it. `unsigned` lines are newer than the newest head, made at `signed_until`."""

    lines: int
    strands: int
    heads: int
    unsigned: int
    signed_until: datetime | None
    findings: Findings

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings.count

    @property
    def is_only_unsigned(self) -> bool:
        """Whether all that is wrong is that there is no head, so that nothing can be said."""
        return not self.heads and self.findings.count == 1


class Strand:
    """One strand while it is read: its last line, and what the newest head says of it."""

    __slots__ = ("at_mark", "hash", "mark", "name", "number")

    def __init__(self, name: str, mark: tuple[int, bytes] | None) -> None:
        self.name = name
        self.number = 0
        self.hash = chain.beginning(name)
        self.mark = mark
        self.at_mark: bytes | None = None

    def __str__(self) -> str:
        return f"strand {self.name}" if self.name else "lines from before the chain"


def verify(
    store: Store,
    keys: Iterable[VerifyingKey],
    *,
    kept: Iterable[Kept] = (),
    signers: Collection[str] = (),
    progress: Progress = lambda _lines: None,
) -> Verdict:
    """Check the whole trail as it stands now; raises StoreUnavailable.

    `signers` are the ids of the keys that sign on this node, where they are known.
    `progress` is told how many lines have been read, now and then.
    """
    findings = Findings()
    # Which lines there must be is read before them: what is written meanwhile is not missed.
    signed = Signed({key.id: key for key in keys}, findings)
    try:
        for head in heads.since(store, 0):
            signed.take(head)
    except (KeyError, RecursionError, TypeError, ValueError):  # no program of ours wrote it
        findings.add("a head is damaged beyond reading; those after it were not read")
    signed.compare(kept)
    signed.expect(signers)
    tips = _tips(store)
    reading = _Reading(signed.marks, findings)
    for batch in lines.raw(store):
        reading.take(batch)
        progress(reading.lines)
    reading.end(tips, _tips(store))
    return Verdict(
        lines=reading.lines,
        strands=len(reading.strands),
        heads=signed.count,
        unsigned=max(0, reading.lines - signed.lines),
        signed_until=signed.last.at if signed.last else None,
        findings=findings,
    )


class _Reading:
    """The lines, read in the order in which they were written."""

    def __init__(self, marks: Mapping[str, tuple[int, bytes]], findings: Findings) -> None:
        self.lines = 0
        self.strands: dict[str, Strand] = {}
        self._marks = marks
        self._findings = findings

    def take(self, batch: list[lines.Raw]) -> None:
        """Read some lines."""
        self.lines += len(batch)
        link, strands = chain.link, self.strands
        for _, name, number, stored, at, act, package, actor, subject, ip, agent, said, by in batch:
            strand = strands.get(name) or self._begin(name)
            expected = strand.number + 1
            if not name:
                number = expected  # noqa: PLW2901 - before the chain, lines had no number
            when = at if isinstance(at, str) else _spelt(at)
            try:
                computed = link(
                    strand.hash, strand.name, number, when, act, package, actor, subject, ip,
                    agent, said, by,
                )  # fmt: skip
            except TypeError:  # a database can hold values of any kind in any column
                computed = b""
            if number != expected or (name and computed != stored):
                self._tell(strand, expected, number)
            strand.number = number if isinstance(number, int) else expected
            strand.hash = stored if name and isinstance(stored, bytes) else computed
            if strand.mark is not None and strand.mark[0] == number:
                strand.at_mark = strand.hash

    def _begin(self, name: str) -> Strand:
        strand = self.strands[name] = Strand(str(name), self._marks.get(name))
        return strand

    def end(self, before: Mapping[str, int], after: Mapping[str, int]) -> None:
        """Check where every strand ends.

        `before` and `after` say where the database itself has them end, before and after reading.
        """
        for name in self._marks.keys() | before.keys() | self.strands.keys():
            strand = self.strands.get(name) or self._begin(name)
            self._check_mark(strand)
            if not name:
                continue
            if name not in after:
                self._findings.add(f"{strand}: no entry says who wrote it")
            elif strand.number > after[name]:
                extra = _range(after[name] + 1, strand.number)
                self._findings.add(f"{strand}: {extra} put in behind its end")
            elif strand.number < before.get(name, 0):
                lost = _range(strand.number + 1, before[name])
                self._findings.add(f"{strand}: {lost} missing at its end")

    def _check_mark(self, strand: Strand) -> None:
        if strand.mark is None:
            if not strand.name and strand.number:
                self._findings.add(f"{strand}: no head has taken them in")
            return
        number, tip = strand.mark
        if strand.number < number:
            lost = _range(strand.number + 1, number)
            self._findings.add(f"{strand}: {lost} signed by a head and missing")
        elif strand.at_mark is None:
            self._findings.add(f"{strand}: line {number}, signed by a head, is missing")
        elif strand.at_mark != tip:
            self._findings.add(f"{strand}: up to line {number} it is not what a head has signed")
        elif not strand.name and strand.number > number:
            extra = _range(number + 1, strand.number)
            self._findings.add(f"{strand}: {extra} put in later")

    def _tell(self, strand: Strand, expected: int, number: object) -> None:
        """Say what is wrong with a line."""
        if number == expected:
            self._findings.add(f"{strand}: line {number} has been changed")
        elif isinstance(number, int) and number > expected:
            lost = _range(expected, number - 1)
            self._findings.add(f"{strand}: {lost} missing")
        else:
            self._findings.add(f"{strand}: line {number} stands in the wrong place")


def _spelt(at: object) -> str:
    """Spell an instant as a driver gives it; what is none becomes nothing that was ever hashed."""
    return chain.spelt(at) if isinstance(at, datetime) else ""


def _tips(store: Store) -> dict[str, int]:
    strand = tables.strands.c
    with store.reading() as tx:
        found: Iterable[Any] = tx.execute(select(strand.name, strand.number))
        return {row.name: row.number for row in found}


def _range(first: int, last: int) -> str:
    return f"line {first} is" if first == last else f"lines {first} to {last} are"
