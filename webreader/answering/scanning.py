"""Having what is written or released on the site looked at by malware scanners, before it is kept.

Who scans is given to the site: it knows no scanner. Promises that what a scanner finds is on record
before anybody hears of it, and that what could not be looked at is kept only where the settings say
so. Must never show a scanner's own words, but for the name of what it found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from vault.address import Address
from vault.contents.spool import Spool
from vault.origin import Origin
from vault.storage.store import Store
from vault.trail.audit import Act, record


class Infected(Exception):
    """Malware was found. `found` is its name, as a page may show it."""

    def __init__(self, found: str) -> None:
        super().__init__("malware")
        self.found = found


class NotScanned(Exception):
    """Nobody could look at all of it, and so it is not kept."""


class TooLargeToScan(NotScanned):
    """It is larger than what scanners look at: trying again would not help."""


class Scan(Protocol):
    """Malware scanners, as the site knows them. Safe to share between threads."""

    def __call__(
        self, read: Callable[[], Iterable[bytes]], size: int, seconds: float | None = None
    ) -> bool:
        """Say whether a mail may leave in the clear; it may always be sealed. Blocks.

        `seconds` is the longest wait, if it is to be shorter than usual. Raises Infected,
        NotScanned.
        """


def scanned(
    scan: Scan | None,
    store: Store,
    spool: Spool,
    author: Address,
    recipients: Iterable[Address],
    origin: Origin,
    seconds: float | None = None,
) -> bool:
    """Have a finished spool looked at; say whether it may leave in the clear. Blocks.

    Raises Infected once it is on record, NotScanned, StoreUnavailable.
    """
    if scan is None:
        return True
    try:
        return scan(spool.read, spool.size, seconds)
    except Infected as infected:
        facts = {"actor": str(author), "detail": infected.found}
        with store.writing() as tx:
            for to in recipients:
                record(tx, Act.MALWARE_FOUND, subject=str(to), origin=origin, **facts)
        raise
