"""Pictures a mail carries along, made fit to stand inside its text.

Promises a `data:` URI only for bytes that begin as PNG, JPEG, GIF or WebP do, labelled as what
they are and not as what the mail calls them. Must never let SVG through: it can carry script.
"""

from __future__ import annotations

import base64
import binascii
import re

_DATA_URI = re.compile(
    r"data:image/[a-z+.-]{1,20};base64,([A-Za-z0-9+/\s]+={0,2})\s*", re.IGNORECASE
)


def raster_type(data: bytes) -> str | None:
    """Return the media type that the first bytes of `data` prove, or None."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def data_uri(data: bytes) -> str | None:
    """Return `data` as a `data:` URI if it is a raster picture, else None."""
    media_type = raster_type(data)
    if media_type is None:
        return None
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def proven(uri: str) -> str | None:
    """Return a `data:` URI found in a mail, relabelled by what its bytes prove, or None."""
    match = _DATA_URI.fullmatch(uri.strip())
    if match is None:
        return None
    try:
        return data_uri(base64.b64decode(re.sub(r"\s+", "", match[1]), validate=True))
    except (binascii.Error, ValueError):
        return None
