"""Mutation: a seed becomes an input that nobody has written.

For machines without atheris. Promises the same inputs from the same random source.
"""

from random import Random

_TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b"--", b"=?", b"?=", b"?B?", b"?q?", b"\r\n ", b'"', b"\\",
    b"(", b")", b";", b"boundary=", b"charset=", b"filename*0*=", b"%00", b"=", b"=3D",
    b"=\r\n", b"<", b">", b"&#", b"<!--", b"-->", b"<![CDATA[", b"multipart/mixed",
    b"message/rfc822", b"base64", b"utf-7", b"utf-16", b"\xff\xfe", b"\xef\xbb\xbf",
    b"\xe2\x80\x8b", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"PK\x03\x04", b"PK\x01\x02",
    b"PK\x05\x06", b"%PDF-", b"endobj", b"stream", b"{\\rtf1", b"\\bin9999 ", b"\x1f\x8b",
    b"\xd0\xcf\x11\xe0", b"\x78\x9f\x3e\x22", b"BEGIN:", b"- ", b": ", b"{{", b"9" * 40,
    b"A" * 300, b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x80\x00\x00\x00",
)  # fmt: skip
_LARGEST = 200_000


def mutated(seed: bytes, other: bytes, rng: Random) -> bytes:
    """Return a seed after one to eight changes; `other` lends it pieces."""
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        rng.choice(_CHANGES)(data, other, rng)
    return bytes(data[:_LARGEST])


def _place(data: bytearray, rng: Random) -> int:
    return rng.randrange(len(data) + 1)


def _flip(data: bytearray, _other: bytes, rng: Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _byte(data: bytearray, _other: bytes, rng: Random) -> None:
    data.insert(_place(data, rng), rng.randrange(256))


def _token(data: bytearray, _other: bytes, rng: Random) -> None:
    at = _place(data, rng)
    data[at : at + rng.choice((0, 0, 4))] = rng.choice(_TOKENS)


def _cut(data: bytearray, _other: bytes, rng: Random) -> None:
    at = _place(data, rng)
    del data[at : at + rng.choice((1, 2, 16, 200, 1 << 20))]


def _repeat(data: bytearray, _other: bytes, rng: Random) -> None:
    at = _place(data, rng)
    piece = bytes(data[at : at + rng.choice((1, 3, 40, 400))])
    data[at:at] = piece * rng.choice((2, 3, 50))


def _splice(data: bytearray, other: bytes, rng: Random) -> None:
    start = rng.randrange(len(other) + 1)
    at = _place(data, rng)
    data[at : at + rng.choice((0, 50))] = other[start : start + rng.choice((10, 100, 2000))]


def _shuffle_lines(data: bytearray, _other: bytes, rng: Random) -> None:
    lines = bytes(data).split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    data[:] = b"\n".join(lines)


_CHANGES = (_flip, _byte, _token, _token, _cut, _repeat, _splice, _shuffle_lines)
