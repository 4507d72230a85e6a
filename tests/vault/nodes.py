"""Several nodes on one database: stores with connections of their own, which act at once."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.vault.bench import Safe
from vault.errors import StoreUnavailable

NODES = 4
PATIENCE = 60.0


class Nodes:
    """Safes of several nodes: the database is one, and so are the clock and the keys."""

    def __init__(self, safes: list[Safe]) -> None:
        self.safes = safes
        self.first = safes[0]

    def race(self, act: Callable[[Safe], Any]) -> list[Any]:
        """Do the same on every node at once; return what each gave or raised."""
        return race(*(partial(act, safe) for safe in self.safes))


def race(*acts: Callable[[], Any]) -> list[Any]:
    """Do several things at once; return what each gave or raised, in their order."""
    ready = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        ready.wait(PATIENCE)
        try:
            results[number] = act()
        except Exception as error:  # noqa: BLE001 - it is looked at below
            results[number] = error

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    broken = [one for one in results if isinstance(one, StoreUnavailable)]
    assert not broken, broken
    return results


def kinds(results: list[Any], kind: type[Exception]) -> int:
    """Count the errors of a kind."""
    return sum(isinstance(one, kind) for one in results)
