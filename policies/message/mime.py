"""The outline of a message: its headers and the tree of its parts, read from a stream in bounds.

Promises to take any bytes without raising, in memory bounded by the limits, never keeping a body.
Where it cannot vouch for the outline, because a limit is passed or because two mail programs would
read the message differently, it says so in `problems`; policy lets no such message go in the clear.
Must never change a message, nor call a message a problem for being merely old-fashioned.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.message.shape import Header, Limits, Outline, Part
from policies.message.walk import Walk

__all__ = ["Header", "Limits", "Outline", "Part", "outline"]

DEFAULT_LIMITS = Limits()
_PIECE = 1 << 18  # bytes looked at together; larger chunks are cut, smaller ones gathered
_LEAST_PIECE = 1 << 16
_MOST_PROBLEMS = 20


def outline(chunks: Iterable[bytes], limits: Limits = DEFAULT_LIMITS) -> Outline:
    """Read a whole message, in chunks of any size, and tell its shape."""
    facts, walk = _Facts(), Walk(limits)
    for piece in _pieces(chunks):
        facts.see(piece)
        walk.feed(piece)
    walk.finish(facts.size)
    problems = list(dict.fromkeys([*walk.problems, *facts.problems()]))
    return Outline(
        headers=tuple(walk.headers),
        parts=tuple(walk.parts),
        problems=tuple(problems[:_MOST_PROBLEMS]),
        header_size=walk.header_size,
        header_count=len(walk.headers),
        address_count=walk.addresses,
        size=facts.size,
        has_8bit=facts.has_8bit,
        header_8bit=walk.header_8bit or (walk.stopped and facts.has_8bit),
        has_nul=facts.has_nul,
    )


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give the same bytes in pieces of a handy size."""
    gathered = bytearray()
    for chunk in chunks:
        gathered += chunk
        if len(gathered) < _LEAST_PIECE:
            continue
        for at in range(0, len(gathered), _PIECE):
            yield bytes(gathered[at : at + _PIECE])
        gathered.clear()
    if gathered:
        yield bytes(gathered)


@dataclass(slots=True)
class _Facts:
    """What is counted over every byte, whatever the shape."""

    size: int = 0
    has_8bit: bool = False
    has_nul: bool = False
    _cr: int = 0
    _lf: int = 0
    _pairs: int = 0
    _after_cr: bool = False

    def see(self, piece: bytes) -> None:
        self.size += len(piece)
        self.has_8bit = self.has_8bit or not piece.isascii()
        self.has_nul = self.has_nul or b"\0" in piece
        self._cr += piece.count(b"\r")
        self._lf += piece.count(b"\n")
        self._pairs += piece.count(b"\r\n") + (self._after_cr and piece.startswith(b"\n"))
        self._after_cr = piece.endswith(b"\r")

    def problems(self) -> Iterator[str]:
        if self.has_nul:
            yield "NUL bytes"
        if self._cr > self._pairs or (self._pairs and self._lf > self._pairs):
            yield "line ends of more than one kind"
