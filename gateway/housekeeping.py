"""Housekeeping: what time brings about, done by one process of all nodes at a time.

    holds      held mails whose time has run out are settled
    traces     what a second lock has overwritten goes from the log of the database
    endings    content whose time has come is destroyed, and certified (`vault.ending.destroying`)
    reminders  to those who have not opened a package
    reports    to senders, once a day: who has not
    upkeep     what crashes and time leave behind is cleared away

Promises that each chore is done by whoever takes it first (`vault.ending.chores`), on any number of
nodes; that one which fails stops no other; and that a stop waits for the chore in hand.
Must never log an address or a word of a letter.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from gateway.notices.settings import NoticeSettings
from vault.ending import certifying, chores, destroying, upkeep
from vault.ending.chores import IsDue
from vault.errors import VaultError
from vault.hold import settling as holds
from vault.keys import SealingKeys, signing
from vault.keys.settings import AS_THEY_ARE, KeySettings
from vault.keys.signing import SigningKey
from vault.sending import reminding, reporting
from vault.storage.store import Store
from vault.trail import heads

LOOK_EVERY = timedelta(seconds=5)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Chore:
    """One kind of work: when it is due, and what it does; the number it returns is logged."""

    name: str
    is_due: IsDue
    work: Callable[[], int]


class Housekeeper:
    """Looks after one store until stopped. `keys_folder` holds the key that signs certificates."""

    def __init__(
        self,
        store: Store,
        sealing: SealingKeys,
        *,
        organisation: str,
        notices: NoticeSettings,
        keys_folder: Path,
        key_settings: KeySettings = AS_THEY_ARE,
        look_every: timedelta = LOOK_EVERY,
    ) -> None:
        self._store = store
        self._sealing = sealing
        self._organisation = organisation
        self._notices = notices
        self._keys_folder = keys_folder
        self._key_settings = key_settings
        self._look_every = look_every.total_seconds()
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask `run` to end, after the chore in hand."""
        self._stopping.set()

    async def run(self) -> None:
        """Keep house until `stop`. Never ends by itself, whatever fails."""
        while not self._stopping.is_set():
            await asyncio.to_thread(self.look)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_every):
                    await self._stopping.wait()

    def look(self) -> None:
        """Do every chore that is due and that nobody else does. Blocks."""
        for chore in self.chores():
            if self._stopping.is_set():
                return
            try:
                with chores.taken(self._store, chore.name, self._holder, chore.is_due) as mine:
                    if mine and (done := chore.work()):
                        log.info("housekeeping.done", chore=chore.name, number=done)
            except (VaultError, OSError) as error:
                log.warning("housekeeping.failed", chore=chore.name, kind=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - a fault in one chore must not stop the others
                log.error("housekeeping.fault", chore=chore.name, kind=type(error).__name__)

    def chores(self) -> tuple[Chore, ...]:
        """Return every chore."""
        store, sealing = self._store, self._sealing
        minute, hour = chores.every(timedelta(minutes=1)), chores.every(timedelta(hours=1))
        return (
            Chore("holds", minute, lambda: holds.expire(store, sealing)),
            Chore(chores.TRACES, chores.asked_for, self._scrub),
            Chore(chores.ENDINGS, minute, self._end),
            Chore("reminders", minute, lambda: reminding.remind(store, sealing)),
            Chore("reports", self._at_the_hour, lambda: reporting.report(store, sealing)),
            Chore("upkeep", hour, self._clear),
        )

    def _end(self) -> int:
        destroying.schedule(self._store)
        destroyed = destroying.destroy(self._store)
        certifying.finish(self._store, self._signing_key, self._organisation)
        return destroyed

    def _scrub(self) -> int:
        if not self._store.scrub():  # a reader is in the way, or it is another process's to do
            with self._store.writing() as tx:
                chores.ask_for(tx, chores.TRACES)
        return 0

    def _clear(self) -> int:
        upkeep.clear(self._store)
        return 0

    def _at_the_hour(self, done: datetime | None, now: datetime) -> bool:
        """Say whether today's reports are still to be sent, by the organisation's clocks."""
        if not self._notices.reports:
            return False
        zone = self._notices.zone
        here = now.astimezone(zone)
        today = done is not None and done.astimezone(zone).date() >= here.date()
        return here.hour >= self._notices.report_hour and not today

    def _signing_key(self) -> SigningKey:
        """Return the key that signs certificates; made when the first one is to be signed."""
        if not signing.exists(self._keys_folder):
            return signing.make(self._keys_folder, self._key_settings)
        turn = heads.signer(self._store)
        return signing.load(self._keys_folder, self._key_settings, turn)
