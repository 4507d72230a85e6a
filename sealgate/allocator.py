"""The C library's allocator: what large mails took is given back to the system.

glibc keeps an arena for every few threads, and raises the size from which it asks the system anew
with every large block that is freed: after some large mails a process would hold several times of
what it needs. Promises to change nothing where another C library is used.
Source: mallopt(3), M_MMAP_THRESHOLD, M_ARENA_MAX.
"""

import ctypes
from contextlib import suppress

_ARENA_MAX, _MMAP_THRESHOLD = -8, -3
ARENAS = 2
GIVEN_BACK = 1 << 20
"""Bytes of a block from which on it is given back as soon as it is freed."""


def give_back() -> None:
    """Have large blocks given back from now on, here and in every process forked from here."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, ARENAS)
        mallopt(_MMAP_THRESHOLD, GIVEN_BACK)
