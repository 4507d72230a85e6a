"""How long to wait before a mail is tried again.

Promises that the wait doubles up to a limit and is spread, so that mails which failed together are
not tried together. Pure but for the dice.
"""

import random
from collections.abc import Callable
from datetime import timedelta

SPREAD = 0.25  # up to this share shorter or longer


def wait(
    attempts: int,
    first: timedelta,
    longest: timedelta,
    dice: Callable[[], float] = random.random,
) -> timedelta:
    """Return the wait after `attempts` (1 or more) failures. `dice` gives a number in [0, 1)."""
    doublings = min(attempts - 1, 40)  # beyond any limit, and within what a timedelta can hold
    steady = min(first.total_seconds() * 2**doublings, longest.total_seconds())
    return timedelta(seconds=steady * (1 - SPREAD + 2 * SPREAD * dice()))
