"""The deliverer: takes what is waiting in the outbox and sees it to the next hop or to its end.

Promises that every claimed row is settled (sent, postponed, or given up and told), that one row
which cannot be sent holds up no other, and that a stop lets mails under way finish. A crash leaves
leased rows, which are sent again: twice is possible, never is not.
Must never log an address, a code, a field of a letter or a byte of content.
"""

import asyncio
import contextlib
import os
import socket
from datetime import timedelta

import structlog

from gateway.delivery import backoff
from gateway.delivery.desk import Desk
from gateway.notices.letters import LetterError
from gateway.relay.answers import Answer
from gateway.relay.content import UnsafeContentError
from gateway.relay.letter import Letter
from vault.errors import StoreUnavailable, VaultError
from vault.sending import outbox
from vault.sending.outbox import Item, Kind

ATTEMPT_SHARE = 0.8  # of a lease: who is still sending then would soon not be the only one
SETTLE_TRIES = 5
ROOM_SHARE = 4  # at least one in so many places is free when rows are claimed
TROUBLE_PAUSE = timedelta(seconds=2)
CODE_FIRST_RETRY = timedelta(seconds=5)
CODE_LONGEST_RETRY = timedelta(seconds=30)

log = structlog.get_logger()


class Deliverer:
    """Runs until stopped. One of a `worker` name, or of a `seat`, at a time."""

    def __init__(self, desk: Desk, worker: str = "", *, seat: int = 1) -> None:
        self._desk = desk
        numbered = f"deliver-{seat}" if seat > 1 else "deliver"
        self._worker = worker or f"{numbered}@{socket.gethostname()}"
        self._stopping = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._attempts: set[asyncio.Task[Answer]] = set()

    def stop(self) -> None:
        """Ask `run` to end; it lets mails under way finish within the grace."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until `stop`. Never ends by itself, whatever fails."""
        await self._release()
        log.info("deliverer.started", pid=os.getpid())
        try:
            while not self._stopping.is_set():
                started = await self._start_due()
                if not started:
                    await self._pause()
        finally:
            await self._wind_up()

    async def _start_due(self) -> int:
        """Claim as many rows as there is room for and begin with them; return how many."""
        if not (room := self._room()):
            return 0
        try:
            claimed = await asyncio.to_thread(self._claim, room)
        except Exception as error:  # noqa: BLE001 - a broken store must not end the deliverer
            log.warning("deliverer.cannot_claim", problem=type(error).__name__)
            await self._rest(TROUBLE_PAUSE)
            return 0
        for item, ready in claimed:
            task = asyncio.create_task(self._deliver(item, ready))
            self._under_way.add(task)
            task.add_done_callback(self._ended)
        return len(claimed)

    def _claim(self, room: int) -> list[tuple[Item, Letter | Answer | None]]:
        """Claim rows; what is short is made ready here, in one thread for all of them."""
        desk = self._desk
        store, keys, lease = desk.store, desk.relay_keys, desk.delivery.lease
        items = outbox.claim(store, keys, self._worker, limit=room, lease=lease)
        return [(item, self._ready(item) if item.content is None else None) for item in items]

    def _room(self) -> int:
        """Count the rows to claim now. A claim is a commit: for a few rows there is none."""
        at_once = self._desk.delivery.at_once
        room = at_once - len(self._under_way)
        return room if room * ROOM_SHARE >= at_once else 0

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("deliverer.fault", problem=type(fault).__name__)

    async def _pause(self) -> None:
        """Wait for the poll interval, for room, or for a stop, whatever comes first."""
        if self._room():
            await self._rest(self._desk.delivery.poll)
            return
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({stop, *self._under_way}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()

    async def _rest(self, pause: timedelta) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause.total_seconds()):
                await self._stopping.wait()

    async def _wind_up(self) -> None:
        grace = self._desk.delivery.grace.total_seconds()
        if self._under_way:
            await asyncio.wait(tuple(self._under_way), timeout=grace)
        for attempt in (cut_off := tuple(self._attempts)):
            attempt.cancel()
        if self._under_way:  # what is left is being written down, which is never cut off
            await asyncio.wait(tuple(self._under_way))
        await self._release()
        log.info("deliverer.stopped", cut_off=len(cut_off))

    async def _release(self) -> None:
        """Free what an earlier life, or a mail that was cut off, still holds."""
        with contextlib.suppress(VaultError):  # then the leases run out
            await asyncio.to_thread(outbox.release, self._desk.store, self._worker)

    # One row

    async def _deliver(self, item: Item, ready: Letter | Answer | None) -> None:
        """Try once and settle. An attempt that is cut off leaves the row as it was."""
        answer = self._hopeless(item)
        if answer is None:
            attempt = asyncio.create_task(self._attempt(item, ready))
            self._attempts.add(attempt)
            attempt.add_done_callback(self._attempts.discard)
            await asyncio.wait({attempt})
            if attempt.cancelled():
                return
            answer = self._final(item, attempt.result())
        for turn in range(SETTLE_TRIES):
            try:
                await self._settle(item, answer)
            except StoreUnavailable:
                log.warning("deliverer.not_settled", row=item.id, code=answer.code)
                await asyncio.sleep(turn)
            else:
                return

    def _hopeless(self, item: Item) -> Answer | None:
        """Answer for a code that nobody can use any more."""
        age = self._desk.store.clock() - item.queued_at
        if item.kind is Kind.CODE and age >= self._desk.delivery.code_life:
            return Answer(554, "5.4.7", "The code had expired before it could be sent")
        return None

    async def _attempt(self, item: Item, ready: Letter | Answer | None) -> Answer:
        seconds = self._desk.delivery.lease.total_seconds() * ATTEMPT_SHARE
        try:
            async with asyncio.timeout(seconds):
                if ready is None:
                    ready = await asyncio.to_thread(self._ready, item)
                if isinstance(ready, Answer):
                    return ready
                answers = await self._desk.relay.send(ready)
        except TimeoutError:
            return Answer(451, "4.4.7", "Sending took too long")
        except Exception as error:  # noqa: BLE001 - a fault in one mail must not stop the others
            return _unready(item, error)
        return answers[item.to]

    def _ready(self, item: Item) -> Letter | Answer:
        """Make a row ready to be sent, or answer why it cannot be; blocks."""
        try:
            return self._desk.letter(item)
        except Exception as error:  # noqa: BLE001 - a fault in one mail must not stop the others
            return _unready(item, error)

    def _final(self, item: Item, answer: Answer) -> Answer:
        """Turn a temporary answer into a permanent one when the time is up."""
        age = self._desk.store.clock() - item.queued_at
        if answer.temporary and age >= self._desk.delivery.give_up_after:
            given_up = Answer(554, "5.4.7", f"Given up after {age.days} days: {answer.text}")
            return given_up.said_by(answer.by)
        return answer

    async def _settle(self, item: Item, answer: Answer) -> None:
        """Write down what became of a row. Raises StoreUnavailable."""
        desk = self._desk
        if answer.positive and not desk.tells_of_handing_on(item, answer):
            ended = outbox.begin_complete(desk.store, item, answer.status)
            what, done = "outbox.sent", await asyncio.wrap_future(ended)
        else:
            what, done = await asyncio.to_thread(self._settle_and_tell, item, answer)
        log.info(
            what,
            row=item.id,
            kind=item.kind.value,
            package_id=item.package_id,
            attempts=item.attempts,
            enhanced=answer.enhanced,
            lease_lost=not done,
        )

    def _settle_and_tell(self, item: Item, answer: Answer) -> tuple[str, bool]:
        """Write it down with what is told of it; blocks. Return what, and if it was still ours."""
        desk = self._desk
        store, sealing, status = desk.store, desk.sealing_keys, answer.status
        if answer.positive:
            word = desk.word_of_handing_on(item, answer)
            done = outbox.complete(store, item, status, sealing=sealing, word=word)
            return "outbox.sent", done
        if answer.temporary:
            until, word = store.clock() + self._wait(item), desk.word_of_delay(item, answer)
            done = outbox.postpone(store, item, status, until, sealing=sealing, word=word)
            return "outbox.postponed", done
        word = desk.word_of_failure(item, answer)
        tell = word is not None
        done = outbox.give_up(store, sealing, item, status, word=word, tell=tell)
        return "outbox.given_up", done

    def _wait(self, item: Item) -> timedelta:
        if item.kind is Kind.CODE:  # greylisting asks for a second try, and nobody waits an hour
            return backoff.wait(item.attempts, CODE_FIRST_RETRY, CODE_LONGEST_RETRY)
        delivery = self._desk.delivery
        return backoff.wait(item.attempts, delivery.first_retry, delivery.longest_retry)


def _unready(item: Item, error: Exception) -> Answer:
    """Answer for a row that could not be made into a mail, or not be read to its end.

    What no next hop may be given comes back; anything else is tried again, for a mend may come.
    """
    if isinstance(error, UnsafeContentError):
        return Answer(554, "5.6.0", "The mail has a bare CR, LF or NUL and cannot be sent")
    problem = str(error) if isinstance(error, LetterError) else type(error).__name__
    log.error("outbox.unready", row=item.id, kind=item.kind.value, problem=problem)
    return Answer(451, "4.3.0", "The mail could not be made ready for sending")
