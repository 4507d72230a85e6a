"""Downloading: attachments and the original message, as bytes that a browser will only save.

What was cut off can be asked for from where it ended (`content.ranges`); that is an access like
any other, checked and recorded.

The grant is checked again while the bytes flow, at least four times a second: after a withdrawal
nothing new leaves. A download that must stop is cut off hard, so that no program takes the
beginning of a file for the whole of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import structlog
from aiohttp import hdrs, web

from vault.errors import VaultError
from vault.packages.retrieve import recheck, retrieve
from vault.trail.audit import Act
from webreader.content import filenames, original, ranges
from webreader.guard import streamed
from webreader.reading import attachments
from webreader.reading.secondlock import unlocked
from webreader.site import SITE, came_from, in_thread
from webreader.visits import reader

log = structlog.get_logger()

POLICY: Final = "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
SLICE: Final = 256 * 1024
RECHECK_SECONDS: Final = 0.25
Still = Callable[[], object]
NO_LINGER: Final = struct.pack("ii", 1, 0)


@streamed
async def attachment(request: web.Request) -> web.StreamResponse:
    """GET /p/{package}/a/{number}: one attachment, decoded."""
    number = int(request.match_info["number"])
    opened = await in_thread(
        request,
        retrieve,
        request.app[SITE].store,
        unlocked(request).opening,
        reader(request),
        request.match_info["package"],
        Act.ATTACHMENT_DOWNLOADED,
        came_from(request),
        str(number),
    )
    try:
        found = await in_thread(request, attachments.attachment, opened.read, number)
    except attachments.NoSuchAttachment:
        raise web.HTTPNotFound from None
    size = found.attachment.size
    tag = f'"{opened.package.id}-{number}-{size}"'
    part = ranges.asked(request, size, tag)
    response = saved(found.attachment.name)
    ranges.say(response, part, size, tag)
    chunks = ranges.cut(found.chunks, part or range(size))
    return await send(request, response, chunks, _granted(request))


@streamed
async def whole(request: web.Request) -> web.StreamResponse:
    """GET /p/{package}/original.eml: the message as it was sent; only its owner sees the Bcc."""
    identity = reader(request)
    opened = await in_thread(
        request,
        retrieve,
        request.app[SITE].store,
        unlocked(request).opening,
        identity,
        request.match_info["package"],
        Act.ORIGINAL_DOWNLOADED,
        came_from(request),
    )
    sizes = (opened.read, opened.package.size)
    if opened.package.owner == identity:
        message = original.Original(*sizes)
    else:
        message = await in_thread(request, original.Original.without_bcc, *sizes)
    tag = f'"{opened.package.id}-{message.size}"'
    part = ranges.asked(request, message.size, tag)
    response = saved(f"message-{opened.package.reference}.eml")
    ranges.say(response, part, message.size, tag)
    chunks = message.part(part or range(message.size))
    return await send(request, response, chunks, _granted(request))


def saved(name: str) -> web.StreamResponse:
    """Return a response that a browser will only save."""
    return web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: "application/octet-stream",
            hdrs.CONTENT_DISPOSITION: filenames.disposition(name),
            hdrs.CONTENT_SECURITY_POLICY: POLICY,
        }
    )


def _granted(request: web.Request) -> Still:
    """Return what makes sure that the visitor may still open the package."""
    package, identity = request.match_info["package"], reader(request)
    return partial(recheck, request.app[SITE].store, identity, package)


async def send(
    request: web.Request, response: web.StreamResponse, chunks: Iterator[bytes], still: Still
) -> web.StreamResponse:
    """Stream `chunks`; whatever goes wrong after the first byte cuts the connection.

    `still` raises VaultError when the visitor may have no more.
    """
    piece = await in_thread(request, _next, chunks)
    await response.prepare(request)
    try:
        while piece is not None:
            for start in range(0, len(piece), SLICE):
                await _write(request, response, piece[start : start + SLICE], still)
            piece = await in_thread(request, _next, chunks)
        await response.write_eof()
    except (VaultError, TimeoutError) as stopped:
        log.info("web.download_cut", reason=type(stopped).__name__)
        _cut(request)
    except ConnectionError:
        raise
    except BaseException:
        _cut(request)
        raise
    return response


async def _write(
    request: web.Request, response: web.StreamResponse, piece: bytes, still: Still
) -> None:
    """Write a slice, checking the grant before it and for as long as the client is slow."""
    site = request.app[SITE]
    await in_thread(request, still)
    writing = asyncio.ensure_future(response.write(piece))
    try:
        for _ in range(int(site.settings.stall_seconds / RECHECK_SECONDS) + 1):
            done, _ = await asyncio.wait({writing}, timeout=RECHECK_SECONDS)
            if done:
                return writing.result()
            await in_thread(request, still)
        raise TimeoutError
    finally:
        if not writing.done():
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await writing


def _next(chunks: Iterator[bytes]) -> bytes | None:
    return next(chunks, None)


def _cut(request: web.Request) -> None:
    """Close the connection without sending what still waits in it (a TCP reset)."""
    if request.transport is None:
        return
    with contextlib.suppress(OSError):
        plug = request.transport.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    request.transport.abort()


ROUTES = [
    web.get("/p/{package:[a-z2-7]{26}}/a/{number:[1-9][0-9]{0,3}}", attachment),
    web.get("/p/{package:[a-z2-7]{26}}/original.eml", whole),
]
