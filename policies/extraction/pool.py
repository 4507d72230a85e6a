"""Workers that read mails, each a process that can be killed without loss.

For the doors. Promises an answer within the time allowed, whatever a mail contains: a worker that
hangs, dies or lies is replaced, and its mail counts as unread, never as clean. Mail of text and
HTML alone is read here, without a worker: that code is Python and linear patterns only, has no
parser of files, and its budgets are small.
Must never hand a worker anything but the bytes of one mail.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from policies.extraction.budgets import Budgets, NeedsWorker
from policies.extraction.mail import DEFAULT_BUDGETS, extract
from policies.extraction.passages import Content
from policies.extraction.process import CHANGED, COMMAND, Failed, WorkerProcess
from policies.extraction.source import Held, Ranged
from policies.message.mime import Outline

Turn = Callable[[Callable[[], None]], AbstractContextManager[object]]
"""Waits until nobody else reads a large mail, and lets others when it is left; what it is given is
called first if there is a wait."""

LARGE = 8 << 20
"""Bytes of a mail from which on it is read alone: it may take much memory."""

IDLE = 600.0
"""Seconds for which a worker waits for the next mail: it takes 25 MB, and half of one to start."""

SMALL = 256 * 1024
"""Bytes of a mail that is read without a worker if it is text and HTML only."""

_SMALL_BUDGETS = Budgets(bytes_in=SMALL, seconds=2.0, documents=False)
_CLOSED = "the mail was not read: this process is being stopped"


def read_here(outline: Outline, chunks: Iterable[bytes]) -> Content:
    """Say what a small mail of text and HTML contains; NeedsWorker is raised for any other.

    Waits for nobody.
    """
    if outline.size > SMALL:
        raise NeedsWorker
    return extract(outline, chunks, _SMALL_BUDGETS)


class ExtractionPool:
    """Reads mails in at most `size` workers; further callers wait for their turn.

    `seconds` is the wall clock that one mail may take, `mails` how many a worker reads before it is
    replaced, `idle` the seconds without a mail after which it is ended. Large mails are read one at
    a time, in a worker of their own: one at a time of this pool, or of whoever shares `turn`.
    Thread-safe. `close` must be called.
    """

    def __init__(
        self,
        size: int = 2,
        *,
        budgets: Budgets = DEFAULT_BUDGETS,
        seconds: float = 10.0,
        mails: int = 200,
        command: tuple[str, ...] = COMMAND,
        turn: Turn | None = None,
        idle: float = IDLE,
    ) -> None:
        self._budgets = budgets
        self._seconds = seconds
        self._mails = mails
        self._command = command
        self._turn = turn or _alone(threading.Lock())
        self._idle_seconds = idle
        self._clock: threading.Timer | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._all: set[WorkerProcess] = set()
        self._places: queue.LifoQueue[WorkerProcess | None] = queue.LifoQueue()
        for _place in range(max(1, size)):
            self._places.put(None)

    def read(self, outline: Outline, chunks: Iterable[bytes]) -> Content:
        """Say what a mail contains. Blocks; raises nothing but what `chunks` raises."""
        if outline.size <= SMALL:
            chunks = list(chunks)
            with suppress(NeedsWorker):
                return read_here(outline, chunks)
        if outline.size >= LARGE:
            return self._read_large(outline, chunks)
        worker = self._places.get()
        try:
            worker = self._fit(worker)
            return self._read_with(worker, outline, chunks)
        except Failed as why:
            self._forget(worker)
            worker = None
            return Content(problems=(str(why),))
        except BaseException:
            self._forget(worker)
            worker = None  # it waits for the rest of a mail that does not come
            raise
        finally:
            self._rest(worker)

    def _read_large(self, outline: Outline, chunks: Iterable[bytes]) -> Content:
        """Have a large mail read when it is its turn, by a worker that is not kept.

        It keeps no place from the others: it takes a worker that has nothing to do along, if there
        is one, and leaves its place to be filled when that is needed.
        """
        with self._turn(lambda: self._forget(self._idle())):  # it may be long until it has work
            worker = self._idle()
            try:
                worker = self._fit(worker)
                return self._read_with(worker, outline, chunks)
            except Failed as why:
                return Content(problems=(str(why),))
            finally:
                self._forget(worker)

    def _idle(self) -> WorkerProcess | None:
        """Take a worker away from the places that nobody uses now, if there is one."""
        try:
            worker = self._places.get_nowait()
        except queue.Empty:
            return None
        self._places.put(None)
        return worker

    def _read_with(
        self, worker: WorkerProcess, outline: Outline, chunks: Iterable[bytes]
    ) -> Content:
        """Have a worker read a mail, which is held here unless any of it can be had at any time."""
        return worker.read(outline, self._ranged(outline, chunks), self._budgets, self._seconds)

    def _ranged(self, outline: Outline, chunks: Iterable[bytes]) -> Ranged:
        if isinstance(chunks, Ranged):
            return chunks
        try:
            return Held(chunks, outline.size, self._budgets.bytes_in)
        except ValueError:
            raise Failed(CHANGED) from None

    def close(self) -> None:
        """End every worker at once; who waits for one is told that nothing was read."""
        with self._lock:
            self._closed = True
            workers, self._all = self._all, set()
            if self._clock is not None:
                self._clock.cancel()
        for worker in workers:
            worker.kill()  # who uses it ends it: the number of a pipe may be another's at once
        for resting in self._resting():
            self._places.put(None)
            if resting is not None:
                resting.end()

    def _fit(self, worker: WorkerProcess | None) -> WorkerProcess:
        """Return this worker, or a new one if it has died or read enough. Raises Failed."""
        if worker is not None:
            if worker.is_fit(self._mails):
                return worker
            self._forget(worker)
        with self._lock:
            if self._closed:
                raise Failed(_CLOSED)
            worker = WorkerProcess(self._command)
            self._all.add(worker)
        return worker

    def _rest(self, worker: WorkerProcess | None) -> None:
        """Put a worker back, where the next mail finds it."""
        if worker is not None:
            worker.rests_since = time.monotonic()
            self._look_later()
        self._places.put(worker)

    def _look_later(self) -> None:
        with self._lock:
            if self._clock is None and not self._closed:
                self._clock = threading.Timer(self._idle_seconds, self._end_idle)
                self._clock.daemon = True
                self._clock.start()

    def _end_idle(self) -> None:
        """End whoever has had nothing to do for long, and look again later if others have not."""
        self._clock = None
        since = time.monotonic() - self._idle_seconds
        found = self._resting()
        resting = [one for one in found if one is not None]
        kept = [one for one in resting if one.rests_since > since]
        for worker in resting:
            if worker not in kept:
                self._forget(worker)
        for place in (*[None] * (len(found) - len(kept)), *kept):  # the last is taken first
            self._places.put(place)
        if kept:
            self._look_later()

    def _resting(self) -> list[WorkerProcess | None]:
        """Take every place that nobody uses now."""
        found: list[WorkerProcess | None] = []
        with suppress(queue.Empty):
            while True:
                found.append(self._places.get_nowait())
        return found

    def _forget(self, worker: WorkerProcess | None) -> None:
        if worker is not None:
            with self._lock:
                self._all.discard(worker)
            worker.end()


def _alone(lock: threading.Lock) -> Turn:
    """Return turns among the threads of this process."""

    @contextmanager
    def turn(before: Callable[[], None]) -> Iterator[None]:
        if not lock.acquire(blocking=False):
            before()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    return turn
