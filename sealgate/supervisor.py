"""Runs the processes of one node and keeps them running.

Promises that a process that dies is started again, that all stop when this one stops or dies, and
that a process whose settings are wrong stops the whole node with its message instead of looping.
Must never hold a key or touch a mail: it only starts, watches and stops.
"""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from sealgate.lifeline import EX_CONFIG, Ready

log = structlog.get_logger()

FIRST_PAUSE = 0.1  # seconds before a dead process is started again; doubles up to LONGEST_PAUSE
LONGEST_PAUSE = 10.0
SETTLED_AFTER = 30.0  # a process that lived this long starts with the first pause again


class Supervisor:
    """Starts `sealgate serve ROLE` for each role and restarts what dies.

    A role that is named twice has two processes.
    """

    def __init__(
        self,
        roles: tuple[str, ...],
        config: Path,
        *,
        grace: float = 30.0,
        on_ready: Callable[[Ready], None] | None = None,
    ) -> None:
        self._roles = dict(_told_apart(roles))  # by the name of each process
        self._config = config
        self._grace = grace
        self._on_ready = on_ready or announce
        self._stopping = asyncio.Event()
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._ready: set[str] = set()  # the processes that can take a signal
        self._reload_later: set[str] = set()
        self._exit_code = 0

    async def run(self) -> int:
        """Run until asked to stop; gives the exit code for this process."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        async with asyncio.TaskGroup() as group:
            for name in self._roles:
                group.create_task(self._keep(name))
        return self._exit_code

    def stop(self) -> None:
        """Ask every process to finish what it has in hand and end."""
        self._stopping.set()
        for process in self._running.values():
            if process.returncode is None:
                process.terminate()

    def _reload(self) -> None:
        """Pass the signal on. A process that is still starting would die of it: it gets it later.

        It may have read the policy already, so it is not left out, nor is one that is being
        started right now and not yet in `_running`.
        """
        self._reload_later.update(self._roles)
        for name in self._ready:
            self._reload_one(name)

    def _reload_one(self, name: str) -> None:
        self._reload_later.discard(name)
        process = self._running[name]
        if process.returncode is None:
            process.send_signal(signal.SIGHUP)

    async def _keep(self, name: str) -> None:
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            begun = loop.time()
            code = await self._run_once(name)
            if self._stopping.is_set():
                return
            if code == EX_CONFIG:
                self._exit_code = EX_CONFIG
                self.stop()
                return
            lived = loop.time() - begun
            pause = FIRST_PAUSE if lived > SETTLED_AFTER else min(pause * 2, LONGEST_PAUSE)
            log.error("process.died", role=name, exit_code=code, restart_in=pause)
            await self._pause(pause)

    async def _run_once(self, name: str) -> int:
        role = self._roles[name]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sealgate", "serve", role, "--config", str(self._config)),
            stdin=asyncio.subprocess.PIPE,  # the lifeline: it closes when this process dies
            stdout=asyncio.subprocess.PIPE,
            process_group=0,  # Ctrl-C at a terminal reaches the supervisor alone, which stops us
        )
        self._running[name] = process
        if self._stopping.is_set():
            process.terminate()
        listener = asyncio.create_task(self._hear(name, process))
        try:
            return await self._wait(process)
        finally:
            listener.cancel()
            self._ready.discard(name)
            del self._running[name]

    async def _hear(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was opened as a pipe above
        while line := await process.stdout.readline():
            self._on_ready(Ready.from_line(line))
            self._ready.add(name)
            if name in self._reload_later:
                self._reload_one(name)

    async def _wait(self, process: asyncio.subprocess.Process) -> int:
        ended = asyncio.create_task(process.wait())
        asked = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        try:
            return await asyncio.wait_for(ended, self._grace)
        except TimeoutError:
            process.kill()
            return await process.wait()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _told_apart(roles: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield a name for each process, with its role: the first is named by its role alone."""
    seen: Counter[str] = Counter()
    for role in roles:
        seen[role] += 1
        yield (role if seen[role] == 1 else f"{role}-{seen[role]}"), role


def announce(ready: Ready) -> None:
    """Say on standard output that a process is ready and where it listens, as one JSON line."""
    sys.stdout.write(json.dumps(ready.to_json()) + "\n")
    sys.stdout.flush()
