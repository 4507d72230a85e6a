"""A mail of our own, built from checked parts (RFC 5322, RFC 2045, RFC 2047).

Python's `email` is not used for writing: header injection was found in it more than once
(CVE-2024-6923, CVE-2026-1299), and a mail made of a dozen known fields needs none of it.
Promises that a field holds what it was given on one logical line, in ASCII, and nothing more.
Must never pass a CR, LF, NUL, control or bidirectional character on from a value.
"""

import base64
import quopri
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_WORD = 36  # bytes of UTF-8 in one encoded word, so that a line stays below 76
LONGEST_LINE = 76
LONGEST_7BIT = 900  # RFC 5322 section 2.1.1 allows 998

_NAME = re.compile(r"[A-Za-z][A-Za-z-]{0,60}")
_PLAIN = re.compile(r"[ -~]*")


class UnsafeValueError(ValueError):
    """A value that must not be put into a mail. Does not show the value."""


@dataclass(frozen=True, slots=True)
class Part:
    """A body: its content type and its bytes with CRLF line ends, encoded for transfer."""

    content_type: str
    encoding: str
    content: bytes

    def to_bytes(self) -> bytes:
        """Return the part with its own header."""
        fields = field("Content-Type", self.content_type)
        if self.encoding:
            fields += field("Content-Transfer-Encoding", self.encoding)
        return fields + b"\r\n" + self.content


def checked(value: str) -> str:
    """Return `value`; raise UnsafeValueError unless it is one line of printable text.

    "Printable" leaves out the controls of Unicode as well, and with them what turns the reading
    direction round.
    """
    if not value.isprintable():
        raise UnsafeValueError("a value holds a line break or a control character")
    return value


def field(name: str, value: str) -> bytes:
    """Return a header field with its CRLF. `value` is ASCII; CRLF and a blank fold it."""
    folded = value.split("\r\n ")
    if _NAME.fullmatch(name) is None or not all(map(_PLAIN.fullmatch, folded)):
        raise UnsafeValueError(f"the field {name} holds more than printable ASCII")
    return f"{name}: {value}\r\n".encode("ascii")


def address_field(name: str, address: str) -> bytes:
    """Return a field that holds one address, in UTF-8 where it must be (RFC 6532)."""
    if address.isascii():
        return field(name, address)
    return field(name, "")[:-2] + f"{checked(address)}\r\n".encode()


def unstructured(text: str) -> str:
    """Return text for a field such as Subject, in encoded words if it must be."""
    checked(text)
    if text.isascii() and "=?" not in text:
        lines = textwrap.wrap(text, LONGEST_LINE - 12, break_long_words=False)
        return "\r\n ".join(lines)
    return _encoded_words(text)


def folded(text: str) -> str:
    """Return printable text as the value of a field, broken at blanks where it is long."""
    return "\r\n ".join(textwrap.wrap(checked(text), LONGEST_LINE, break_long_words=False))


def mailbox(name: str, address: str) -> str:
    """Return `"name" <address>`, or the address alone if the name is empty."""
    checked(name)
    if _PLAIN.fullmatch(checked(address)) is None:
        raise UnsafeValueError("an address holds more than printable ASCII")
    if not name:
        return address
    if name.isascii() and "=?" not in name:
        quoted = name.replace("\\", r"\\").replace('"', r"\"")
        between = "\r\n " if len(quoted) + len(address) > LONGEST_LINE - 12 else " "
        return f'"{quoted}"{between}<{address}>'
    return f"{_encoded_words(name)}\r\n <{address}>"


def _encoded_words(text: str) -> str:
    """Return UTF-8 encoded words (RFC 2047), none of which cuts a character."""
    words: list[bytes] = [b""]
    for character in text:
        encoded = character.encode("utf-8")
        if len(words[-1]) + len(encoded) > LONGEST_WORD:
            words.append(b"")
        words[-1] += encoded
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in words)


def text_part(text: str) -> Part:
    """Return a text/plain part: 7bit when it can be, otherwise quoted-printable."""
    return _part("text/plain", text.encode("utf-8"))


def html_part(html: str) -> Part:
    """Return a text/html part in ASCII: what is not becomes a character reference."""
    return _part("text/html", html.encode("ascii", "xmlcharrefreplace"))


def _part(kind: str, content: bytes) -> Part:
    if content.isascii() and max(map(len, content.split(b"\n"))) <= LONGEST_7BIT:
        return Part(f"{kind}; charset=utf-8", "7bit", _crlf(content))
    coded = _crlf(quopri.encodestring(content))
    return Part(f"{kind}; charset=utf-8", "quoted-printable", coded)


def multipart(kind: str, parts: Sequence[Part], boundary: str) -> Part:
    """Return parts as one. `kind` as in "alternative", with parameters if need be."""
    bodies = [part.to_bytes() for part in parts]
    mark = f"--{boundary}".encode("ascii")
    if any(mark in body for body in bodies):
        raise UnsafeValueError("the boundary occurs in a part")
    inside = b"".join(mark + b"\r\n" + body + b"\r\n" for body in bodies)
    subtype, _, parameters = kind.partition(";")
    content_type = (
        f'multipart/{subtype};{parameters and parameters + ";"}\r\n boundary="{boundary}"'
    )
    return Part(content_type, "", inside + mark + b"--\r\n")


def _crlf(content: bytes) -> bytes:
    if b"\r" in content or b"\0" in content:
        raise UnsafeValueError("a body holds CR or NUL")
    return content.rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n"
