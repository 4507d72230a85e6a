"""Bytes changed at random, in the ways in which parsers are usually broken."""

import random
from collections.abc import Sequence

_EDGES = (0, 1, 0x7F, 0x80, 0xFF)
_LONGEST = 1 << 16


def mutated(seeds: Sequence[bytes], draw: random.Random) -> bytes:
    """Return one of the seeds with a few changes."""
    data = bytearray(draw.choice(seeds))
    for _change in range(draw.choice((0, 1, 1, 2, 3, 8))):
        _change_something(data, seeds, draw)
    return bytes(data)


def _change_something(data: bytearray, seeds: Sequence[bytes], draw: random.Random) -> None:
    at = draw.randrange(len(data) + 1)
    size = min(draw.choice((1, 1, 2, 4, 16, 200)), len(data) - at)
    match draw.randrange(7):
        case 0:
            data[at : at + size] = draw.randbytes(size)
        case 1:
            data[at : at + size] = bytes([draw.choice(_EDGES)]) * size
        case 2:
            del data[at : at + size]
        case 3:
            del data[at:]
        case 4:
            data[at:at] = data[at : at + size] * draw.choice((1, 2, 50))
        case 5:
            other = draw.choice(seeds)
            start = draw.randrange(len(other) + 1)
            data[at:at] = other[start : start + draw.choice((4, 64, 2000))]
        case _:
            number = draw.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, len(data)))
            data[at : at + 4] = number.to_bytes(4, draw.choice(("little", "big")))
    del data[_LONGEST:]
