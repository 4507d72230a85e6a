"""Turns: what two transactions must not be about at the same time, on any node.

Who looks before they write says what it is about: `store.writing(turns.mailbox(...))`. On SQLite
one transaction writes at a time, and there is nothing more to be done. On PostgreSQL many do, and
each name stands for an advisory lock which the transaction holds to its end: what it has read of
that thing stays true until it commits.

Promises that names of one transaction are taken in one order, so that no two wait for each other
in a circle. Should two names give one number, somebody waits who need not: nothing worse.
Must never be taken twice in a transaction, nor after it has written anything: then two could.
"""

import hashlib
from collections.abc import Iterable

POLICY = "policy"
USERS = "users"
UPKEEP = "upkeep"
HEADS = "heads"
SCHEMA = "schema"


def mail(mark: bytes) -> str:
    """Name whether the same mail was deposited or held before."""
    return f"mail:{mark.hex()}"


def package(package_id: str | None) -> str:
    """Name who may open a package, its notices, and what was asked about it."""
    return f"package:{package_id}"


def content(content_id: str | None) -> str:
    """Name whether anything needs a content still."""
    return f"content:{content_id}"


def hold(hold_id: str) -> str:
    """Name how a held mail stands."""
    return f"hold:{hold_id}"


def mailbox(folded: str) -> str:
    """Name codes for a mailbox, and wrong ones."""
    return f"mailbox:{folded}"


def network(network: str) -> str:
    """Name codes that were asked for in a network."""
    return f"network:{network}"


def reader(address: str) -> str:
    """Name what somebody asks for, over all packages."""
    return f"reader:{address}"


def sender(folded: str) -> str:
    """Name what is known of a sender's past, and what they were told."""
    return f"sender:{folded}"


def guesses(marks: Iterable[bytes]) -> tuple[str, ...]:
    """Name wrong passwords that count against these marks."""
    return tuple(f"guess:{mark.hex()}" for mark in marks)


def domain(name: str) -> str:
    """Name what a domain has said of its mail servers."""
    return f"domain:{name}"


def chore(name: str) -> str:
    """Name who does a chore of housekeeping, and when it was done."""
    return f"chore:{name}"


def numbers(about: Iterable[str]) -> list[int]:
    """Return what names stand for: 64 bits each, in the one order in which they are taken."""
    return sorted({_number(name) for name in about})


def _number(name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
