"""Why the text of a mail must be left as it is.

Promises that whatever signs or encrypts a body, or was read with doubt, stands in the way. Must
never say a word of the mail.
"""

from collections.abc import Iterable, Iterator

from policies.message.shape import Outline, Part

_BODY_SIGNATURES = ("DKIM-Signature", "ARC-Message-Signature", "ARC-Seal", "DomainKey-Signature")
_CLOSED = {
    "multipart/signed": "it is signed",
    "multipart/encrypted": "it is encrypted",
    "application/pkcs7-mime": "it is signed or encrypted (S/MIME)",
    "application/x-pkcs7-mime": "it is signed or encrypted (S/MIME)",
    "application/pkcs7-signature": "it is signed",
    "application/x-pkcs7-signature": "it is signed",
    "application/pgp-encrypted": "it is encrypted (OpenPGP)",
    "application/pgp-signature": "it is signed (OpenPGP)",
    "application/x-microsoft-rpmsg-message": "it is encrypted (rights management)",
}


def obstacle(outline: Outline) -> str:
    """Return why nothing may be changed in the body, "" if it may."""
    if outline.problems:
        return "it cannot be read for certain"
    for name in _BODY_SIGNATURES:
        if outline.all(name):
            return f"it carries a {name}"
    kinds = (part.content_type for part in own_parts(outline))
    return next((_CLOSED[kind] for kind in kinds if kind in _CLOSED), "")


def own_parts(outline: Outline) -> Iterator[Part]:
    """Yield the parts of the message itself, not those of messages attached to it."""
    inside = -1
    for part in outline.parts:
        if 0 <= inside < part.depth:
            continue
        inside = part.depth if part.content_type.startswith("message/") else -1
        yield part


def with_path(parts: Iterable[Part]) -> Iterator[tuple[Part, tuple[Part, ...]]]:
    """Yield each part with the parts that hold it, from the outside in."""
    path: list[Part] = []
    for part in parts:
        del path[part.depth :]
        yield part, tuple(path)
        path.append(part)
