"""Strands: what a process adds to the audit trail, one row after the other, each with its hash.

A transaction gathers its lines; at its end they get their numbers and hashes and go into the
database with it, together with the tip of the strand. Transactions that run at the same time have
strands of their own: nobody waits for anybody to write to the trail.

Promises that a strand goes on only from what is known to be on the disk. A strand whose commit
failed is left, since nobody can say how it ended; and one whose tip in the database is not where
this process left it is written by somebody else, so the transaction fails.
"""

import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, update

from vault import identifier
from vault.errors import StoreUnavailable
from vault.storage import tables
from vault.storage.statements import Addition, Statement
from vault.trail import chain

if TYPE_CHECKING:
    from vault.storage.store import Transaction

NAME_LENGTH = 16  # 80 random bits: nobody draws a name twice

Line = Mapping[str, Any]

_STRAND = tables.strands.c
_LINES, _STRANDS = Addition(tables.events), Addition(tables.strands)
_MOVED = Statement(
    update(tables.strands)
    .where(_STRAND.name == bindparam("which"), _STRAND.number == bindparam("before"))
    .values(number=bindparam("now"), tip=bindparam("hash"))
)


class Strand:
    """One strand, for one transaction at a time."""

    def __init__(self) -> None:
        self.name = identifier.draw()[:NAME_LENGTH]
        self._number = 0
        self._tip = chain.beginning(self.name)
        self._coming: tuple[int, bytes] | None = None

    @property
    def is_certain(self) -> bool:
        """Whether it is known where the strand ends."""
        return self._coming is None

    def append(self, tx: "Transaction", lines: Sequence[Line]) -> None:
        """Add lines to a transaction; `settle` when they are on the disk."""
        if not lines:
            return
        before, tip = self._coming or (self._number, self._tip)
        number, rows, at = before, [], chain.spelt(tx.now)
        for line in lines:
            number += 1
            tip = chain.link(tip, self.name, number, at, *_columns(line))
            rows.append({**line, "at": tx.now, "strand": self.name, "number": number, "hash": tip})
        self._coming = (number, tip)
        tx.add(_LINES, rows)
        if before == 0:
            born = {"name": self.name, "writer": _writer(), "begun_at": tx.now}
            tx.add(_STRANDS, [{**born, "number": number, "tip": tip}])
        elif tx.run(_MOVED, which=self.name, before=before, now=number, hash=tip).rowcount != 1:
            raise StoreUnavailable("the audit trail has been changed by somebody else")

    def settle(self) -> None:
        """Go on from here: what was appended is on the disk."""
        if self._coming is not None:
            self._number, self._tip = self._coming
            self._coming = None


class Strands:
    """The strands of one process's store. Safe to share between threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._free: list[Strand] = []
        self._process = os.getpid()

    @contextmanager
    def lent(self) -> Iterator[Strand]:
        """Lend a strand to one transaction, which must have ended when the block does."""
        strand = self._take()
        try:
            yield strand
        except BaseException:
            if strand.is_certain:  # nothing was appended
                self._give_back(strand)
            raise
        strand.settle()
        self._give_back(strand)

    def _take(self) -> Strand:
        with self._turn:
            if self._process != os.getpid():  # forked: these are the other process's
                self._process, self._free = os.getpid(), []
            return self._free.pop() if self._free else Strand()

    def _give_back(self, strand: Strand) -> None:
        with self._turn:
            self._free.append(strand)


def _columns(line: Line) -> tuple[Any, ...]:
    """Return the columns of a line in the order in which they are hashed, after its time."""
    return (
        line["act"],
        line["package_id"],
        line["actor"],
        line["subject"],
        line["ip"],
        line["agent"],
        line["detail"],
        line["policy"],
    )


def _writer() -> str:
    """Name the machine and the process that writes, for whoever reads the trail."""
    return f"{socket.gethostname()} {os.getpid()}"
