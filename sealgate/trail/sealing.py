"""Signing the audit trail while a node runs: a head now and then, and every witness told of it.

Promises that what fails is tried again at the next turn and said in the log, and that nothing of it
holds up a mail. Must run in a process that the SMTP door is not part of: it holds the signing key.
"""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog

from sealgate.trail.settings import AuditSettings
from sealgate.trail.witnesses import Witness
from vault.errors import KeyServiceSilent, KeyUnusable, StoreUnavailable
from vault.keys import signing
from vault.keys.settings import KeySettings
from vault.keys.signing import SigningKey
from vault.storage.store import Store
from vault.trail import heads
from vault.trail.heads import Head, NotItsTurn

MOST_AT_ONCE = 1000  # heads that a witness is told in one go

log = structlog.get_logger()


def key_for(folder: Path, settings: KeySettings, store: Store) -> SigningKey:
    """Return the signing key; a node that has never signed anything makes one.

    Raises KeyUnusable, also where heads exist and their key does not; KeyServiceSilent,
    StoreUnavailable.
    """
    signer = heads.signer(store)
    if signing.exists(folder):
        return signing.load(folder, settings, signer)
    if signer is not None:
        raise KeyUnusable(
            f"{folder / 'audit.private'} is missing, and the audit trail has been signed with it: "
            "put back the backup, or copy it from another node"
        )
    key = signing.make(folder, settings)
    log.warning("audit.key_made", key=key.public.id, folder=str(folder))
    return key


class TrailSealer:
    """Makes heads and tells them. `key` gives the key whose turn it is."""

    def __init__(
        self,
        store: Store,
        key: Callable[[], SigningKey],
        settings: AuditSettings,
        told: list[Witness],
    ) -> None:
        self._store = store
        self._find = key
        self._key = key()
        self._every = settings.head_every
        self._witnesses = told
        self._known: dict[str, int] = {}
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask `run` to make a last head and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Make a head every now and then until `stop`. Never ends by itself."""
        pause = self._every.total_seconds()
        while not self._stopping.is_set():
            await asyncio.to_thread(self.turn)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
        await asyncio.to_thread(self.turn, last=True)

    def turn(self, *, last: bool = False) -> Head | None:
        """Make a head if there is anything to sign, and tell whoever does not know it yet."""
        made = None
        try:
            # others may sign as well: a head that one of them has just made is enough
            made = self._make(self._every * (0 if last else 0.9))
        except StoreUnavailable:
            log.warning("audit.not_signed")
        except (KeyUnusable, KeyServiceSilent):
            log.error("audit.key_missing")
        except Exception as fault:  # noqa: BLE001 - a fault here must not end a process
            log.error("audit.fault", problem=type(fault).__name__)
        for witness in self._witnesses:
            try:
                self._tell(witness)
            except (OSError, StoreUnavailable) as error:
                log.warning("audit.witness_not_told", to=witness.name, kind=type(error).__name__)
            except Exception as fault:  # noqa: BLE001 - nor must one witness stand in another's way
                log.error("audit.fault", problem=type(fault).__name__)
        return made

    def _make(self, apart: timedelta) -> Head | None:
        try:
            return heads.make(self._store, self._key, apart=apart)
        except NotItsTurn:  # it has named another, since it was loaded
            self._key = self._find()
            return heads.make(self._store, self._key, apart=apart)

    def _tell(self, witness: Witness) -> None:
        newest = heads.newest(self._store)
        if newest is None:
            return
        known = self._known.get(witness.name)
        if known is None:
            last = witness.last()
            # What a server was told before this process began nobody can say: the newest will do.
            known = newest.number - 1 if last is None else last
            self._known[witness.name] = known
        while known < newest.number:
            news = list(itertools.islice(heads.since(self._store, known), MOST_AT_ONCE))
            if not news:
                return
            witness.tell(news)
            known = self._known[witness.name] = news[-1].number
