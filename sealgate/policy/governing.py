"""Keeps what decides in step with the policy file and the rulebook, while a process runs.

The file, the lists it names and the rosters are looked at every two seconds; what has changed and
then stayed the same for one more look is read, whole. Promises that a policy is replaced at once
and entirely, that a file which cannot be used changes nothing and raises an alarm, and that what
somebody approves, or another process has read, is taken up without a restart.
Must never decide whether a policy may come into force: `sealgate.policy.admission` does.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import structlog

from policies.engine import Policy
from policies.errors import PolicyError
from policies.language import loader
from sealgate.policy import rosters, ruling
from sealgate.policy.admission import Admission
from sealgate.settings import Settings
from vault import rulebook
from vault.errors import StoreUnavailable
from vault.keys import SealingKeys
from vault.storage.store import Store

EVERY = 2.0  # seconds between two looks

log = structlog.get_logger()

Stamp = tuple[tuple[str, int, int, int], ...]


class Governed(Protocol):
    """Whatever acts by a policy that can be replaced."""

    policy: Policy


class Governing:
    """One process's view of what is in force."""

    def __init__(self, settings: Settings, store: Store, sealing: SealingKeys) -> None:
        self._admission = Admission(store=store, settings=settings.policy, sealing=sealing)
        self._settings = settings
        self._file = settings.policy.file
        self._names: tuple[str, ...] = ()
        self._seen: Stamp = ()
        self._changing: Stamp | None = None
        self._again = asyncio.Event()
        self._stopping = False

    def begin(self) -> Policy:
        """Return the policy that is in force at the start.

        Raises PolicyError if the file cannot be used, StoreUnavailable.
        """
        before = self._stamp()
        source = loader.read(self._file)
        self._names = tuple(source.files)
        self._seen = (*before, *self._stamp()[1:])  # a file saved meanwhile is read again
        policy = ruling.compiled(self._settings, source)
        standing = self._admission.admit(source)
        if standing.waits:
            log.warning("policy.waits", policy=source.digest, in_force=standing.in_force)
        return policy if standing.in_force == policy.digest else self._kept(standing.in_force)

    def look_again(self) -> None:
        """Read the file now, whether it has changed or not (SIGHUP)."""
        self._again.set()

    def stop(self) -> None:
        """Ask `watch` to end."""
        self._stopping = True
        self._again.set()

    async def watch(self, governed: Governed) -> None:
        """Look every now and then, until `stop`. Never ends by itself."""
        while True:
            asked = await self._pause()
            if self._stopping:
                return
            try:
                policy = await asyncio.to_thread(self._look, governed.policy.digest, asked)
            except StoreUnavailable:
                log.warning("policy.not_looked_at")
            except Exception as error:  # noqa: BLE001 - a fault here must not end a process
                log.error("policy.fault", problem=type(error).__name__)
            else:
                if policy is not None:
                    governed.policy = policy
                    log.info("policy.loaded", policy=policy.digest)
                elif asked:
                    log.info("policy.loaded", policy=governed.policy.digest, changed=False)

    async def _pause(self) -> bool:
        """Wait for the next look; True if somebody asked for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY):
                await self._again.wait()
        asked = self._again.is_set()
        self._again.clear()
        return asked

    def _look(self, mine: str, asked: bool) -> Policy | None:
        """Return the policy that takes the place of the one whose digest is `mine`, if any."""
        offered = self._offer(mine) if self._is_due(asked) else None
        with self._admission.store.reading() as tx:
            in_force = rulebook.in_force(tx)
        if in_force is None or in_force == mine:
            return None
        if offered is not None and offered.digest == in_force:
            return offered
        return self._kept(in_force)

    def _is_due(self, asked: bool) -> bool:
        """Say whether the file is to be read: it was asked for, or it has changed and settled."""
        stamp = self._stamp()
        settled = stamp == self._changing
        self._changing = None
        if asked or (stamp != self._seen and settled):
            self._seen = stamp
            return True
        if stamp != self._seen:
            self._changing = stamp
        return False

    def _offer(self, mine: str) -> Policy | None:
        try:
            source = loader.read(self._file)
            policy = ruling.compiled(self._settings, source)
        except PolicyError as refused:
            problems = [str(problem) for problem in refused.problems]
            log.error("policy.refused", problems=problems, in_force=mine)
            self._admission.refuse(refused)
            return None
        if self._names != tuple(source.files):
            self._names = tuple(source.files)
            self._seen = (self._seen[0], *self._stamp()[1:])
        standing = self._admission.admit(source)
        if standing.waits:
            log.warning("policy.waits", policy=source.digest, in_force=standing.in_force)
        return policy

    def _kept(self, digest: str) -> Policy:
        with self._admission.store.reading() as tx:
            kept = rulebook.find(tx, digest)
        return loader.compiled(loader.reread(kept.file, kept.content, kept.lists))

    def _stamp(self) -> Stamp:
        """Return what changes when the file or a list is saved; a file that is not there counts."""
        beside = (self._file.parent / name for name in self._names)
        paths = (self._file, *beside, *rosters.files(self._settings))
        return tuple(_look_at(path) for path in paths)


def _look_at(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (path.name, 0, 0, 0)
    return (path.name, found.st_mtime_ns, found.st_size, found.st_ino)


def watch(governing: Governing, governed: Governed) -> Callable[[], Awaitable[None]]:
    """Begin to watch the policy, also on SIGHUP; returns how to end it."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, governing.look_again)
    running = asyncio.create_task(governing.watch(governed))

    async def end() -> None:
        governing.stop()
        await running

    return end
