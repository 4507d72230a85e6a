"""Servers that failed and are given a rest: others that do the same are tried before them.

Promises that a server is left out of nothing: when all rest, all are tried. Must never outlive the
process: it is a guess about now.
"""

import random
import time
from collections.abc import Callable, Iterable

from gateway.relay.server import Server
from gateway.relay.settings import Choice

SPREAD = 0.25  # up to this share shorter or longer, so that many do not come back at once


class Rests:
    """Who rests until when. `clock` in seconds; `dice` gives a number in [0, 1)."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._dice = dice
        self._until: dict[tuple[str, str, int], float] = {}

    def failed(self, server: Server) -> None:
        """Note that a server could not be used."""
        rest = server.settings.rest.total_seconds() * (1 - SPREAD + 2 * SPREAD * self._dice())
        now = self._clock()
        self._until = {place: end for place, end in self._until.items() if end > now}
        self._until[_place(server)] = now + rest

    def worked(self, server: Server) -> None:
        """Note that it could."""
        self._until.pop(_place(server), None)

    def order(self, servers: Iterable[Server]) -> list[Server]:
        """Return the servers in the order in which they are to be tried."""
        found = list(servers)
        if len(found) == 1:
            return found
        if found and found[0].settings.choose is Choice.RANDOM:
            found.sort(key=lambda _: self._dice())
        now = self._clock()
        found = list(dict.fromkeys(found))
        return sorted(found, key=lambda one: self._until.get(_place(one), 0) > now)


def _place(server: Server) -> tuple[str, str, int]:
    return server.host, server.address, server.port
