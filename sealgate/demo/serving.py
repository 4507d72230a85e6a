"""The demo's node: `sealgate serve` beside us, as a service manager would run it.

Promises that it is ended with the demo. Must never show its log: the demo speaks for itself.
"""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

ENDING = 15.0  # seconds it is given to end by itself


class DemoError(Exception):
    """The demo could not start; the text says why."""


class Serving:
    """A running node. Use it as an asynchronous context manager."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._process: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sealgate", "serve", "--config", str(self._config)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the demo alone, which ends the node
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), ENDING)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def up(self, roles: tuple[str, ...], seconds: float) -> None:
        """Wait until every role is ready. Raises DemoError."""
        waiting = set(roles)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while waiting and (line := await self._line()):
                    waiting.discard(json.loads(line)["ready"]["role"])
        if waiting:
            raise DemoError(f"These did not start: {', '.join(sorted(waiting))}.")

    async def ended(self) -> None:
        """Wait until the node ends by itself."""
        while await self._line():
            pass

    async def _line(self) -> bytes:
        """Return what it says next; empty when it has ended."""
        if self._process.stdout is None:
            raise DemoError("The node cannot be heard.")
        return await self._process.stdout.readline()
