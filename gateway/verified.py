"""Whether mail leaves by verified TLS, for policies that ask it of the route.

Everything goes over the next hop, so that it is the next hop which must prove its name. Promises to
try at most once a mail and to wait no longer than told, and that a try which fails, or does not
end, counts as not verified. `Verified` must never be asked on the event loop's own thread: it waits
for it.
"""

import asyncio
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotInTime

from gateway.relay.routes import Way
from gateway.relay.sender import Relay
from gateway.relay.settings import TlsMode

BY_VERIFIED_TLS = Way(tls=TlsMode.VERIFIED)


class MustWait(Exception):  # noqa: N818 - it reads as what it says
    """The answer is not known yet, and is asked for where nothing may wait."""


def not_yet(_domain: str) -> bool:
    """Stand in for `Verified` on the event loop's own thread; raises MustWait."""
    raise MustWait


class Verified:
    """The answer for one mail, asked of the next hop when a rule first wants it.

    Made on the event loop, called on a worker's thread.
    """

    def __init__(self, relay: Relay, seconds: float) -> None:
        self._relay = relay
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._answer: bool | None = None

    def __call__(self, _domain: str) -> bool:
        """Say whether mail, to whichever domain, would leave by verified TLS now."""
        if self._answer is None:
            self._answer = self._ask()
        return self._answer

    def _ask(self) -> bool:
        asked = asyncio.run_coroutine_threadsafe(self._relay.ready(BY_VERIFIED_TLS), self._loop)
        try:
            return asked.result(self._seconds) is None
        except (NotInTime, CancelledError):
            asked.cancel()
            return False
