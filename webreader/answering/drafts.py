"""Answers that are being sent, or were sent within the last hour, by the form they came from.

A form carries a random name. Sent twice, by an impatient click or by loading the page again, it
makes one answer, and both times its receipt is shown. Kept in memory: what matters is in the vault,
and after a restart only the receipt's details are gone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from vault.address import Address
from vault.clock import Clock
from vault.errors import TooMany

FORM: Final = re.compile(r"[0-9a-f]{32}")
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, repr=False)
class Sent:
    """A receipt: enough to see that everything has arrived."""

    to: Address
    reference: str
    sent_at: datetime
    characters: int
    files: tuple[tuple[str, int], ...]


class Drafts:
    """What each person has sent lately; at most `per_hour` answers are let through."""

    def __init__(self, per_hour: int, clock: Clock) -> None:
        self._per_hour = per_hour
        self._clock = clock
        self._known: dict[tuple[Address, str], tuple[datetime, asyncio.Future[Sent]]] = {}

    def find(self, identity: Address, draft: str) -> Sent | None:
        """Return the receipt of a form that this person has sent."""
        _, sending = self._known.get((identity, draft), (None, None))
        if sending is None or not sending.done() or sending.exception():
            return None
        return sending.result()

    async def once(
        self, identity: Address, draft: str, send: Callable[[], Awaitable[Sent]]
    ) -> Sent:
        """Send an answer, or wait for the one that is being sent from the same form.

        Raises TooMany, and whatever `send` raises; then the form may be sent again.
        """
        key = (identity, draft)
        self._forget()
        if key in self._known:
            return await asyncio.shield(self._known[key][1])
        self._allow(identity)
        sending: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        self._known[key] = (self._clock(), sending)
        try:
            sent = await send()
        except BaseException as failed:
            del self._known[key]
            sending.set_exception(failed)
            sending.exception()  # it is raised here; nobody else may be waiting
            raise
        sending.set_result(sent)
        return sent

    def _allow(self, identity: Address) -> None:
        times = [when for (who, _), (when, _) in self._known.items() if who == identity]
        if len(times) >= self._per_hour:
            raise TooMany(HOUR - (self._clock() - min(times)))

    def _forget(self) -> None:
        now = self._clock()
        for key, (when, sending) in list(self._known.items()):
            if sending.done() and now - when > HOUR:
                del self._known[key]


DRAFTS: web.AppKey[Drafts] = web.AppKey("drafts", Drafts)
