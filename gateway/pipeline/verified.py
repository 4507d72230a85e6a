"""What policies ask that cannot be told at once: whether mail leaves by verified TLS, and the past.

Promises to try at most once a mail for each place that its recipients' mail goes to, to wait no
longer than told in all, and that a try which fails, or does not end, counts as not verified.
`Verified` must never be asked on the event loop's own thread: it waits for it.
"""

import asyncio
import time
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotInTime

from gateway.relay.routes import Way
from gateway.relay.sender import Relay
from gateway.relay.settings import TlsMode
from vault.address import Address
from vault.packages.history import Past
from vault.storage.store import Store

BY_VERIFIED_TLS = Way(tls=TlsMode.VERIFIED)


class MustWait(Exception):
    """The answer is not known yet, and is asked for where nothing may wait."""


def not_yet(_domain: str) -> bool:
    """Stand in for `Verified` on the event loop's own thread; raises MustWait."""
    raise MustWait


class Unasked(Past):
    """Stands in for the past on the event loop's own thread where it is told over a network.

    Raises MustWait.
    """

    def has_sent_to(self, sender: Address, recipient: Address) -> bool:
        """Raise MustWait."""
        raise MustWait

    def frequent_recipients(self, sender: Address) -> tuple[Address, ...]:
        """Raise MustWait."""
        raise MustWait


def past_at_once(store: Store, *verified: Callable[[str], bool]) -> Past:
    """Return the past for the event loop's own thread; what would keep it raises MustWait."""
    return (Past if store.answers_at_once else Unasked)(store, *verified)


class Verified:
    """The answers for one mail, asked of the servers when a rule first wants them.

    Made on the event loop, called on a worker's thread.
    """

    def __init__(self, relay: Relay, seconds: float) -> None:
        self._relay = relay
        self._left = seconds
        self._loop = asyncio.get_running_loop()
        self._answers: dict[Hashable, bool] = {}

    def __call__(self, domain: str) -> bool:
        """Say whether mail to a domain would leave by verified TLS now."""
        place = self._relay.place(BY_VERIFIED_TLS, domain)
        if place not in self._answers:
            self._answers[place] = self._ask(domain)
        return self._answers[place]

    def _ask(self, domain: str) -> bool:
        if self._left <= 0:
            return False
        begun = time.monotonic()
        trial = self._relay.ready(BY_VERIFIED_TLS, domain)
        asked = asyncio.run_coroutine_threadsafe(trial, self._loop)
        try:
            return asked.result(self._left) is None
        except (NotInTime, CancelledError):
            asked.cancel()
            return False
        finally:
            self._left -= time.monotonic() - begun
