"""Pages of a list: what is on one of them, and how many there are.

Promises that a list which grows without end is never held, nor counted, as a whole for the sake of
one page.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

PAGE_SIZE = 25
COUNTED = 1000  # items behind a page that are counted still
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list: page `number` of `pages`, both from 1; `total` counts all items.

    Of a list that is longer by more than `COUNTED`, both count so far: there is a page behind this.
    """

    items: tuple[T, ...]
    number: int
    pages: int
    total: int


class Window(Generic[T]):
    """What is seen of a long list through one page, while its items pass by."""

    def __init__(self, number: int) -> None:
        self.items: list[T] = []
        self.total = 0
        self._end = max(1, number) * PAGE_SIZE

    def take(self, item: T) -> None:
        """Let the next item pass. Those of the last page stay if there is none of the number."""
        if self.total < self._end:
            if self.total % PAGE_SIZE == 0:
                self.items = []
            self.items.append(item)
        self.total += 1


def pages(total: int) -> int:
    """Return how many pages so many items make: one at least."""
    return max(1, -(-total // PAGE_SIZE))


def within(number: int, total: int) -> int:
    """Return the number of the page that is shown when this one is asked for."""
    return min(max(1, number), pages(total))
