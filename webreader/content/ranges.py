"""Part of a download, for who got the beginning before the line broke (RFC 9110, section 14).

Promises the whole where a request is not for exactly one part that we can give: that is always
allowed, and always right.
Must never give a part of something else than the client has the beginning of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus

from aiohttp import hdrs, web

_ONE_PART = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


def asked(request: web.Request, size: int, tag: str) -> range | None:
    """Return which bytes of `size` are asked for, None for the whole.

    `tag` names what the bytes are of, and never names anything else. Raises
    HTTPRequestRangeNotSatisfiable.
    """
    found = _ONE_PART.fullmatch(request.headers.get(hdrs.RANGE, "").replace(" ", ""))
    if found is None or request.headers.get(hdrs.IF_RANGE, tag) != tag:
        return None
    first, last = found[1], found[2]
    if first:
        part = range(int(first), min(int(last) + 1, size) if last else size)
        if last and int(last) < int(first):
            return None  # no range at all
    elif last:
        part = range(max(0, size - int(last)), size)
    else:
        return None
    if not part:
        raise web.HTTPRequestRangeNotSatisfiable(headers={hdrs.CONTENT_RANGE: f"bytes */{size}"})
    return part


def say(response: web.StreamResponse, part: range | None, size: int, tag: str) -> None:
    """Tell the client what it gets: all `size` bytes or a part of them, and how to ask for more."""
    response.headers[hdrs.ACCEPT_RANGES] = "bytes"
    response.headers[hdrs.ETAG] = tag
    response.content_length = size if part is None else len(part)
    if part is not None:
        response.set_status(HTTPStatus.PARTIAL_CONTENT)
        response.headers[hdrs.CONTENT_RANGE] = f"bytes {part.start}-{part.stop - 1}/{size}"


def cut(chunks: Iterable[bytes], part: range) -> Iterator[bytes]:
    """Yield those bytes of `chunks`, and read no further than they reach."""
    at = 0
    for chunk in chunks:
        wanted = chunk[max(0, part.start - at) : max(0, part.stop - at)]
        at += len(chunk)
        if wanted:
            yield wanted
        if at >= part.stop:
            return
