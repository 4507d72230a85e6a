"""The threads on which blocking work is done: sealing, deciding, checking passwords.

Promises that the event loop never waits for a disk, a database or a hash, and that there are never
more threads than configured. Must never be given a coroutine.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Workers:
    """A bounded pool of threads."""

    def __init__(self, threads: int = 8) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="gateway")

    async def call(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run `work` on a thread and return or raise what it does.

        Work that has begun runs to its end, even if the caller is cancelled.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(work, *args, **kwargs))

    def close(self) -> None:
        """Wait for what has begun and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)
