"""All scanners together, asked about one mail at the same time.

Promises that whatever any of them finds counts, that a scanner which could not answer is never
counted as one that found nothing, and that no more mails are at a scanner than it takes.
Must never decide by whoever answers first, unless that one found something.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from weakref import WeakSet

import structlog

from gateway.scanners.clamd import Clamd
from gateway.scanners.icap import Icap
from gateway.scanners.scanner import Deadline, NotScannedError, Scanner, Why
from gateway.scanners.settings import (
    ScannerKind,
    ScannerSettings,
    WhenTooLarge,
    WhenUnavailable,
)
from vault.errors import VaultError

log = structlog.get_logger()
Read = Callable[[], Iterable[bytes]]


class Ruling(Enum):
    """What scanners mean for a mail, the strictest last."""

    FREE = 0
    SEAL = 1
    REFUSE_FOR_NOW = 2
    REFUSE = 3
    INFECTED = 4


_UNAVAILABLE = {
    WhenUnavailable.LET_THROUGH: Ruling.FREE,
    WhenUnavailable.SEAL: Ruling.SEAL,
    WhenUnavailable.REFUSE_FOR_NOW: Ruling.REFUSE_FOR_NOW,
}
_TOO_LARGE = {
    WhenTooLarge.LET_THROUGH: Ruling.FREE,
    WhenTooLarge.SEAL: Ruling.SEAL,
    WhenTooLarge.REFUSE: Ruling.REFUSE,
}


@dataclass(frozen=True, slots=True)
class Report:
    """What the scanners said.

    `found` is the name of the malware; `missed` says why each of the scanners that have not looked
    at all of it did not.
    """

    ruling: Ruling
    found: str = ""
    missed: Mapping[str, Why] = field(default_factory=dict)


CLEAN = Report(Ruling.FREE)


def scanner_of(settings: ScannerSettings) -> Scanner:
    """Return the scanner that settings describe."""
    if settings.kind is ScannerKind.CLAMD:
        return Clamd(settings.address)
    return Icap(settings.address, settings.service, settings.method.value)


class Panel:
    """The scanners of this process; `close` it at the end. Safe to share between threads."""

    def __init__(self, scanners: Mapping[str, ScannerSettings]) -> None:
        self._seats = tuple(_Seat(name, settings) for name, settings in scanners.items())
        self._under_way: WeakSet[Asking] = WeakSet()

    def begin(self, read: Read, size: int, seconds: float | None = None) -> "Asking":
        """Show a mail of `size` bytes to every scanner; `read` is called once for each.

        `seconds` shortens the time that the settings give.
        """
        asking = Asking(self._seats, read, size, seconds)
        self._under_way.add(asking)
        return asking

    def close(self) -> None:
        """Wait for what has begun, but for what nobody waits for."""
        for asking in list(self._under_way):
            if asking.hurried:
                asking.end()
        for seat in self._seats:
            seat.pool.shutdown(wait=True, cancel_futures=True)


class _Seat:
    """A scanner, its settings and its threads."""

    def __init__(self, name: str, settings: ScannerSettings) -> None:
        self.name = name
        self.settings = settings
        self.scanner = scanner_of(settings)
        self.pool = ThreadPoolExecutor(settings.at_once, thread_name_prefix=f"scan-{name}")

    def ruling(self, why: Why) -> Ruling:
        if why is Why.TOO_LARGE:
            return _TOO_LARGE[self.settings.when_too_large]
        return _UNAVAILABLE[self.settings.when_unavailable]


class Asking:
    """One mail before the scanners: `report` comes when something was found, or all are done."""

    def __init__(
        self, seats: tuple[_Seat, ...], read: Read, size: int, seconds: float | None
    ) -> None:
        self.report: Future[Report] = Future()
        self.hurried = False
        self._read, self._size = read, size
        self._lock = threading.Lock()
        self._open = len(seats)
        self._ruling = Ruling.FREE
        self._missed: dict[str, Why] = {}
        times = [min(seat.settings.timeout, seconds or seat.settings.timeout) for seat in seats]
        self._deadlines = [Deadline(time) for time in times]
        for seat, deadline in zip(seats, self._deadlines, strict=True):
            seat.pool.submit(self._ask, seat, deadline)
        if not seats:
            self.report.set_result(CLEAN)

    def hurry(self, seconds: float) -> None:
        """Wait so many seconds more, at most: nobody waits for the answer any longer."""
        self.hurried = True
        for deadline in self._deadlines:
            deadline.shorten(seconds)

    def end(self) -> None:
        """Wait no longer: scans that still run are cut short."""
        for deadline in self._deadlines:
            deadline.cut()

    def _ask(self, seat: _Seat, deadline: Deadline) -> None:
        found: str | None = None
        why: Why | None = None
        try:
            if self._size > seat.settings.max_size:
                why = Why.TOO_LARGE
            else:
                found = seat.scanner.scan(self._read(), self._size, deadline)
        except NotScannedError as missed:
            why = missed.why
        except (VaultError, ValueError):  # the spool is gone: nobody waits for an answer
            why = Why.DOWN
        except Exception as error:  # noqa: BLE001 - what fails here has not said "clean"
            log.error("scan.failed", scanner=seat.name, error=type(error).__name__)
            why = Why.UNINTELLIGIBLE
        self._take(seat, found, why)

    def _take(self, seat: _Seat, found: str | None, why: Why | None) -> None:
        with self._lock:
            self._open -= 1
            if self.report.done():
                return
            if found is not None:
                self.report.set_result(Report(Ruling.INFECTED, f"{found} ({seat.name})"))
                self.end()
                return
            if why is not None:
                self._missed[seat.name] = why
                self._ruling = max(self._ruling, seat.ruling(why), key=lambda one: one.value)
            if not self._open:
                self.report.set_result(Report(self._ruling, missed=dict(self._missed)))
