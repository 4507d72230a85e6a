"""A content on its way to the wire: a small one whole, a large one as a stream.

Promises that a content which may not be sent is found out before anything is sent if it is small,
and before the final dot if it is large, and that at most one chunk is held of a large one.
Must never read from a disk on the event loop's own thread.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator
from contextlib import aclosing

from gateway.relay.content import DotStuffer

SMALL = 48 * 1024
"""Bytes up to which a content is read at once. As little as this was never put on a disk, or has
been read from it: a spool holds it in memory, and so does a row of the outbox."""

Chunks = AsyncIterable[bytes] | Iterable[bytes] | Callable[[], Iterable[bytes]]
"""A content in pieces. What is called gives all of it each time, for mail to several servers."""


class Outgoing:
    """One content. `whole` is all that goes over the wire, dot line included, or None: stream.

    `begun`: it was streamed, or some of it, so that it cannot be sent another time. `again`: what
    it was made from gives all of it once more.
    """

    def __init__(self) -> None:
        self.whole: bytes | None = None
        self.begun = False
        self.again = False
        self._source: AsyncGenerator[bytes]
        self._stuffer = DotStuffer()

    @classmethod
    async def of(cls, chunks: Chunks, size: int) -> "Outgoing":
        """Begin with a content of `size` bytes. Raises what `chunks` raises, UnsafeContentError."""
        content = cls()
        content.again = callable(chunks) or isinstance(chunks, list | tuple)
        if callable(chunks):
            chunks = chunks()
        if size <= SMALL and not isinstance(chunks, AsyncIterable):
            await content._begin(iter(chunks))
        else:
            content._source = _stream(chunks)
        return content

    async def _begin(self, source: Iterator[bytes]) -> None:
        """Read what is announced to be small; it is streamed all the same if it is not."""
        head = bytearray()
        for chunk in source:
            head += chunk
            if len(head) > 2 * SMALL:
                self._source = _after(bytes(head), source)
                return
        self.whole = self._stuffer.feed(bytes(head)) + self._stuffer.finish()

    async def blocks(self) -> AsyncGenerator[bytes]:
        """Yield a streamed content for the wire, but for its end. Raises UnsafeContentError."""
        self.begun = True
        async with aclosing(self._source) as source:
            async for chunk in source:
                yield self._stuffer.feed(chunk)

    def end(self) -> bytes:
        """Return the end of a streamed content. Raises UnsafeContentError."""
        return self._stuffer.finish()


async def _stream(chunks: AsyncIterable[bytes] | Iterable[bytes]) -> AsyncGenerator[bytes]:
    """Yield chunks; anything but a list is read in a thread, since it may be on disk."""
    if isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            yield chunk
    elif isinstance(chunks, list | tuple):
        for chunk in chunks:
            yield chunk
    else:
        source = iter(chunks)
        while (block := await asyncio.to_thread(_following, source)) is not None:
            yield block


async def _after(head: bytes, source: Iterator[bytes]) -> AsyncGenerator[bytes]:
    yield head
    async for chunk in _stream(source):
        yield chunk


def _following(source: Iterator[bytes]) -> bytes | None:
    """Return the next chunk, or None: StopIteration cannot cross from a thread."""
    return next(source, None)
