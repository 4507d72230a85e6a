"""The outward half of the SMTP reference page: limits, and answers of our own.

Asks the relay's own code, so that page and relay cannot disagree. Must never hold a number or an
answer of its own.
"""

from collections.abc import Iterator
from datetime import timedelta

from gateway.relay import client, connections, envelope, exchangers, reading, sender, transaction
from gateway.relay.answers import Answer
from gateway.relay.settings import NextHopSettings

SAYING = (client, envelope, exchangers, sender, transaction)
LIMITS = (
    "connect_timeout",
    "reply_timeout",
    "block_timeout",
    "final_timeout",
    "rest",
    "idle_connections",
    "idle_limit",
    "mails_per_connection",
)


def answers() -> list[tuple[str, str]]:
    """Return the code and the text of every answer that is ours and not a server's."""
    found = {one for module in SAYING for one in vars(module).values() if isinstance(one, Answer)}
    ordered = sorted(found, key=lambda one: (one.code, one.enhanced, one.text))
    return [(f"{one.code} {one.enhanced}", one.text) for one in ordered]


def limits() -> list[tuple[str, str, str]]:
    """Return what each limit is, its default and its setting."""
    return [*_of_settings(), *_fixed()]


def _of_settings() -> Iterator[tuple[str, str, str]]:
    for name in LIMITS:
        field = NextHopSettings.model_fields[name]
        yield field.description or "", _plain(field.default), f"`next_hop.{name}`"


def _fixed() -> Iterator[tuple[str, str, str]]:
    yield "Longest life of a connection, in seconds.", _plain(connections.LONGEST_LIFE), "fixed"
    yield "Most lines of a server's answer.", _plain(reading.MOST_LINES), "fixed"
    yield "Most bytes of a server's answer.", _plain(reading.MOST_BYTES), "fixed"
    yield "Most hosts of a domain that are tried.", _plain(exchangers.MOST_HOSTS), "fixed"
    yield "Most addresses of one of them.", _plain(exchangers.MOST_ADDRESSES), "fixed"


def _plain(value: object) -> str:
    if isinstance(value, timedelta):
        value = value.total_seconds()
    return f"{value:,g}" if isinstance(value, int | float) else str(value)
