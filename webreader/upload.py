"""Taking in a form with files: in the order in which it was sent, and never all of it at once.

Promises that a form is refused at its first field if it is not from this browser, and that too much
is noticed while it arrives. What a file holds goes straight on to whoever reads it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, hdrs, web

from webreader.guard import FORM_TOKEN, verify
from webreader.site import SITE

SLICE: Final = 256 * 1024
FIELD_BYTES: Final = 1024
TEXT_BYTES: Final = 400_000
MOST_PARTS: Final = 250
ROOM: Final = 2 * TEXT_BYTES  # what a form may weigh beside its files


class TooLarge(Exception):
    """More bytes or files than one reply may have; the message says it to the visitor."""


class Upload:
    """A multipart form: `open`, then `field` in the order of the form, then `files`."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._settings = request.app[SITE].settings
        self._parts: MultipartReader | None = None
        self._left = self._settings.reply_max_bytes
        self._seen = 0

    async def open(self) -> None:
        """Check that this is a form of ours. Raises Forged, or an HTTP error for another kind."""
        request = self._request
        if request.content_type != "multipart/form-data":
            raise web.HTTPUnsupportedMediaType
        if hdrs.CONTENT_ENCODING in request.headers:
            raise web.HTTPUnsupportedMediaType
        try:
            self._parts = await request.multipart()
        except ValueError:  # no boundary, or one that is too long (RFC 2046, 5.1.1)
            raise web.HTTPUnsupportedMediaType from None
        verify(request, await self.field(FORM_TOKEN))

    async def field(self, name: str, limit: int = FIELD_BYTES) -> str:
        """Return the next field, which must be `name`, as text."""
        part = await self._next()
        if part is None or part.name != name or part.filename is not None:
            return ""
        data = bytearray()
        async for piece in self.pieces(part):
            data += piece
            if len(data) > limit:
                raise TooLarge("Your message is too long. Send the text as an attachment.")
        return data.decode("utf-8", "replace")

    async def files(self) -> AsyncIterator[BodyPartReader]:
        """Yield each file; its `pieces` must be read before the next one."""
        count = 0
        while (part := await self._next()) is not None:
            if part.name != "files" or not part.filename:
                continue
            count += 1
            if count > self._settings.reply_max_files:
                raise TooLarge(f"Choose at most {self._settings.reply_max_files} files.")
            yield part

    async def pieces(self, part: BodyPartReader) -> AsyncIterator[bytes]:
        """Yield what a part holds. Raises TooLarge, or TimeoutError from a client that stalls."""
        while True:
            async with asyncio.timeout(self._settings.stall_seconds):
                piece = await part.read_chunk(SLICE)
            if not piece:
                return
            self._left -= len(piece)
            if self._left < 0:
                raise TooLarge("The files are too large together. Send fewer, or smaller ones.")
            yield bytes(piece)

    async def drain(self) -> None:
        """Read on and forget, so that the browser gets to our answer; not without end."""
        left = 2 * self._settings.reply_max_bytes + ROOM
        async with asyncio.timeout(self._settings.upload_seconds):
            while left > 0 and (piece := await self._request.content.read(SLICE)):
                left -= len(piece)

    async def _next(self) -> BodyPartReader | None:
        if self._parts is None:
            raise RuntimeError("the form is not open")
        self._seen += 1
        if self._seen > MOST_PARTS:
            raise web.HTTPRequestEntityTooLarge(MOST_PARTS, self._seen)
        async with asyncio.timeout(self._settings.stall_seconds):
            try:
                part = await self._parts.next()
            except ValueError:  # not a multipart form in truth
                raise web.HTTPBadRequest from None
        if isinstance(part, MultipartReader):
            raise web.HTTPBadRequest
        return part
