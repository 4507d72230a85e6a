"""Follows a rotation to its end: seals anew, in the background, what is sealed to retired keys.

Each pair is looked after by the process that holds its opening half. It works when the ring has
changed and when the process starts, in small batches with as long a rest after each, and looks
again until the time in which a late deposit may still come in with an older key has passed.

Promises to end when it is stopped, after the batch in hand, and to need no memory of how far it
came: whatever is still sealed to an older key is what is still to be done.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from vault.errors import KeyUnusable, StoreUnavailable
from vault.keys import resealing
from vault.keys.hpke import Opener, Sealer
from vault.keys.place import KeyPlace
from vault.keys.ring import KeyState, Ring, Stamp
from vault.keys.rotation import QUIET
from vault.storage.store import Store

EVERY = 1.0  # seconds between two looks at the ring
AGAIN_AFTER = timedelta(minutes=10)
log = structlog.get_logger()


class Rekeying:
    """What one process does for one pair. `sealer` seals to the key that is active."""

    def __init__(
        self, store: Store, place: KeyPlace, pair: str, opener: Opener, sealer: Sealer
    ) -> None:
        self._store, self._place, self._pair = store, place, pair
        self._opener, self._sealer = opener, sealer
        self._stopping = asyncio.Event()
        self._seen: Stamp | None = None
        self._due: datetime | None = None

    def begin(self) -> Callable[[], Awaitable[None]]:
        """Begin in the background; returns how to end it."""
        running = asyncio.create_task(self._run())

        async def end() -> None:
            self._stopping.set()
            await running

        return end

    async def _run(self) -> None:
        while not self._stopping.is_set():
            stamp = self._place.stamp(self._pair)
            if stamp != self._seen or (self._due and self._store.clock() >= self._due):
                try:
                    await asyncio.to_thread(self._pass)
                    self._seen = stamp
                except (StoreUnavailable, KeyUnusable) as error:
                    log.warning("keys.not_resealed", pair=self._pair, problem=str(error))
                except Exception as error:  # noqa: BLE001 - a fault here must not end a process
                    log.error("keys.fault", problem=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._stopping.wait()

    def _pass(self) -> None:
        """Go through everything once."""
        ring = self._place.ring(self._pair)
        older = [key.id for key in ring.keys if key.state is KeyState.OPENING]
        done = unreadable = 0
        for batch in resealing.reseal(self._store, self._pair, self._opener, self._sealer, older):
            done, unreadable = done + batch.done, unreadable + batch.unreadable
            if self._stopping.is_set():
                return
            time.sleep(batch.seconds)  # half a core at most, and the database is free meanwhile
        if done or unreadable:
            log.info("keys.resealed", pair=self._pair, values=done, unreadable=unreadable)
        self._due = self._next(ring)

    def _next(self, ring: Ring) -> datetime | None:
        """Return when to look again for what came in late, None for not at all."""
        now = self._store.clock()
        retired = [key.since for key in ring.keys if key.state is KeyState.OPENING and key.since]
        recent = any(now - since < QUIET for since in retired)
        return now + AGAIN_AFTER if recent else None
