"""Workers that read mails, each a process that can be killed without loss.

For the doors. Promises an answer within the time allowed, whatever a mail contains: a worker that
hangs, dies or lies is replaced, and its mail counts as unread, never as clean. Mail of text and
HTML alone is read here, without a worker: that code is Python and linear patterns only, has no
parser of files, and its budgets are small.
Must never hand a worker anything but the bytes of one mail.
"""

import queue
import threading
from collections.abc import Iterable
from contextlib import suppress

from policies.extraction.budgets import Budgets, NeedsWorker
from policies.extraction.mail import DEFAULT_BUDGETS, extract
from policies.extraction.passages import Content
from policies.extraction.process import COMMAND, Failed, WorkerProcess
from policies.message.mime import Outline

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
    replaced. Thread-safe. `close` must be called.
    """

    def __init__(
        self,
        size: int = 2,
        *,
        budgets: Budgets = DEFAULT_BUDGETS,
        seconds: float = 10.0,
        mails: int = 200,
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        self._budgets = budgets
        self._seconds = seconds
        self._mails = mails
        self._command = command
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
        worker = self._places.get()
        try:
            worker = self._fit(worker)
            return worker.read(outline, chunks, self._budgets, self._seconds)
        except Failed as why:
            self._forget(worker)
            worker = None
            return Content(problems=(str(why),))
        except BaseException:
            self._forget(worker)
            worker = None  # it waits for the rest of a mail that does not come
            raise
        finally:
            self._places.put(self._rested(worker))

    def warm(self) -> None:
        """Start one worker now, so that the first mail need not wait for it."""
        worker = self._places.get()
        try:
            worker = self._fit(worker)
        except Failed:
            worker = None  # said again, with consequences, when there is a mail
        finally:
            self._places.put(worker)

    def close(self) -> None:
        """End every worker at once; who waits for one is told that nothing was read."""
        with self._lock:
            self._closed = True
            workers, self._all = self._all, set()
        for worker in workers:
            worker.end()

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

    def _rested(self, worker: WorkerProcess | None) -> WorkerProcess | None:
        """Return this worker, or none if it holds more memory than the next mail needs."""
        if worker is not None and worker.is_strained:
            self._forget(worker)
            return None
        return worker

    def _forget(self, worker: WorkerProcess | None) -> None:
        if worker is not None:
            with self._lock:
                self._all.discard(worker)
            worker.end()
