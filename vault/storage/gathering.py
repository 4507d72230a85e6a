"""The shared commit: what many mails must have on the disk is written by one thread at a time.

Each caller hands over its work and waits. What gathers while one commit is under way is the next
batch: one transaction and one flush for all of it, so that a flush costs the less the more there is
to do. This is also the one place of a process where rows get their order.

Promises that work which is answered for is on the disk; that work which raises an error fails
alone, for then the batch is undone and each of its works is done by itself; that work which meets
others who change the same is tried again; and that a commit which fails has failed for everybody in
it. Work may therefore be run twice, the first time without effect: it must change nothing but the
transaction that it is given.
Must never be given work that waits for the network, nor for another commit.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from vault.errors import Contended, StoreUnavailable

if TYPE_CHECKING:
    from vault.storage.store import Transaction

MOST_AT_ONCE = 256  # works in one transaction
LATE = 0.05  # seconds that work which nobody waits for may take to be begun
LAST_WORD = 30.0  # seconds for what is left at the end
TRIES = 3  # of one work that others contend with

log = structlog.get_logger()
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Handed:
    work: "Callable[[Transaction], Any]"
    answer: "Future[Any]"
    about: tuple[str, ...]


class Gathering:
    """The writer of one store. Its thread begins with the first work and ends with `close`."""

    def __init__(self, writing: "Callable[..., AbstractContextManager[Transaction]]") -> None:
        self._writing = writing
        self._awake = threading.Condition()
        self._urgent: deque[_Handed] = deque()
        self._patient: deque[_Handed] = deque()
        self._begin_by = 0.0  # when the first of the patient must be begun
        self._busy = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def hand_over(
        self, work: "Callable[[Transaction], _T]", about: tuple[str, ...] = ()
    ) -> "Future[_T]":
        """Have work done in the next transaction.

        The future gives its result once that is on the disk; or what it raised, or
        StoreUnavailable: then it has changed nothing.
        """
        return self._take(work, about, self._urgent)

    def hand_over_late(
        self, work: "Callable[[Transaction], _T]", about: tuple[str, ...] = ()
    ) -> "Future[_T]":
        """Have work done with somebody's next transaction, or after `LATE` at the latest.

        For what nobody waits for, and what a crash may lose.
        """
        return self._take(work, about, self._patient)

    def settle(self) -> None:
        """Wait until everything that has been handed over is on the disk, or has failed."""
        with self._awake:
            self._begin_by = 0.0
            self._awake.notify_all()
            self._awake.wait_for(lambda: not (self._urgent or self._patient or self._busy))

    def close(self) -> None:
        """Finish what has been handed over; afterwards nothing is taken any more."""
        with self._awake:
            self._closed = True
            self._awake.notify_all()
        if self._thread is not None:
            self._thread.join(LAST_WORD)

    def _take(
        self,
        work: "Callable[[Transaction], _T]",
        about: tuple[str, ...],
        queue: deque[_Handed],
    ) -> "Future[_T]":
        answer: Future[_T] = Future()
        answer.set_running_or_notify_cancel()  # who stops waiting does not undo what they asked for
        with self._awake:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
            if queue is self._patient and not queue:
                self._begin_by = time.monotonic() + LATE
            queue.append(_Handed(work, answer, about))
            if not self._busy:
                self._awake.notify_all()
        return answer

    def _run(self) -> None:
        while batch := self._next():
            try:
                self._write(batch)
            except Exception as fault:  # noqa: BLE001 - the thread must outlive every fault
                log.error("store.writer_fault", problem=type(fault).__name__)
                _fail([one for one in batch if not one.answer.done()], StoreUnavailable())

    def _next(self) -> list[_Handed]:
        """Wait for work; an empty list at the end."""
        with self._awake:
            self._busy = False
            self._awake.notify_all()
            while not self._urgent and not self._closed:
                left = self._begin_by - time.monotonic() if self._patient else None
                if left is not None and left <= 0:
                    break
                self._awake.wait(left)
            batch: list[_Handed] = []
            for queue in (self._urgent, self._patient):
                while queue and len(batch) < MOST_AT_ONCE:
                    batch.append(queue.popleft())
            self._busy = bool(batch)
            return batch

    def _write(self, batch: list[_Handed], tries: int = 1) -> None:
        results: list[Any] = []
        at_work = False
        about = {name for one in batch for name in one.about}
        try:
            with self._writing(*about) as tx:
                at_work = True
                for one in batch:
                    results.append(one.work(tx))  # noqa: PERF401 - which of them failed is asked below
                tx.flush()
                at_work = False
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait must hear of it
            if at_work and len(batch) > 1:
                for one in batch:  # nobody fails for another's sake
                    self._write([one])
            elif isinstance(error, Contended) and tries < TRIES:
                self._write(batch, tries + 1)
            else:
                _fail(batch, error)
            return
        for one, result in zip(batch, results, strict=True):
            one.answer.set_result(result)


def _fail(batch: list[_Handed], error: BaseException) -> None:
    for one in batch:
        one.answer.set_exception(error)
