"""A run: groups of digits close enough to be one number, and what its check digits add up to.

Promises to say where each digit stood. Must never take part of a group.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from operator import mul
from typing import NamedTuple

_FEW = 4  # sums that are made one by one as fast
_TO_VALUES = bytes(max(0, byte - ord("0")) for byte in range(256))
_DOUBLED = bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)) + bytes(246)  # the digits of twice a digit, added


class Window(NamedTuple):
    """Some whole groups of a run: their digits, their lengths, and their span in the text."""

    digits: str
    start: int
    end: int
    groups: tuple[int, ...]


@dataclass(eq=False)
class Run:
    """Groups of digits close enough to be one number: `999 123 4567` is one run of three.

    `starts` and `ends` say where each digit stood (no `ends`: one character each); `heads` are the
    places in `digits` where a group begins, and the end.
    """

    digits: str
    starts: Sequence[int]
    heads: Sequence[int]
    ends: Sequence[int] | None = None

    def stretches(self, length: int) -> list[int]:
        """List each place from which whole groups make this many digits."""
        if len(self.digits) < length:
            return []
        ends = frozenset(self.heads)
        return [at for at in self.heads if at + length in ends]

    def window(self, at: int, length: int) -> Window:
        """Give the whole groups of a stretch."""
        end = at + length
        first = bisect_left(self.heads, at)
        heads = self.heads[first : bisect_left(self.heads, end) + 1]
        groups = tuple(after - before for before, after in pairwise(heads))
        return Window(self.digits[at:end], self.starts[at], self.end(end - 1), groups)

    def end(self, place: int) -> int:
        """Give where in the text a digit ends."""
        return self.ends[place] if self.ends else self.starts[place] + 1

    def weighted(self, weights: Sequence[int], places: Sequence[int]) -> list[int]:
        """Sum the digits from each place on, as many as there are weights, each times its own.

        Many are summed at once: one product of two long numbers holds the sums from all places side
        by side, two bytes for each, as long multiplication on paper does: no sum may reach 65,536.
        """
        values = self.digits.encode("ascii").translate(_TO_VALUES)
        if len(places) <= _FEW:
            return [sum(map(mul, values[at:], weights)) for at in places]
        spaced = bytearray(2 * len(values))
        spaced[::2] = values
        factor = sum(weight << 16 * place for place, weight in enumerate(reversed(weights)))
        product = int.from_bytes(spaced, "little") * factor
        size = 2 * (len(values) + len(weights))
        sums = memoryview(product.to_bytes(size, "little")).cast("H")
        return [sums[at + len(weights) - 1] for at in places]

    def luhn(self, at: int, length: int) -> int:
        """Sum a stretch as Luhn does (ISO/IEC 7812-1): every second digit from the end doubled."""
        end = at + length
        sums = self._doubled[end % 2]
        return sums[end] - sums[at]

    @cached_property
    def _doubled(self) -> tuple[list[int], list[int]]:
        """What the digits add up to, those at even places doubled, and those at odd ones."""
        plain = self.digits.encode("ascii").translate(_TO_VALUES)
        even, odd = bytearray(plain), bytearray(plain)
        even[0::2] = plain[0::2].translate(_DOUBLED)
        odd[1::2] = plain[1::2].translate(_DOUBLED)
        return list(accumulate(even, initial=0)), list(accumulate(odd, initial=0))
