"""How often a code may be asked for, and how often one may be guessed.

A code has 8 digits. Nobody tests more than `TRIES_A_DAY` guesses a day against one mailbox, however
many browsers, networks and codes he has: over a year that is one chance in ten thousand.

Promises that known and unknown addresses are counted alike, so that no limit tells which is which.
Must never be asked outside the transaction in which the attempt is counted.
"""

import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from vault.errors import TooMany
from vault.storage import tables
from vault.storage.store import Transaction

CODES_A_DAY = 10  # for one mailbox
CODES_AN_HOUR = 30  # for one network
TRIES_A_DAY = 25  # wrong codes for one mailbox
FAILURES = 100  # wrong codes one after the other, without a right one, that disable a mailbox
FURTHER_FAILURES = 10  # and each time so many more
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def network_of(ip: str) -> str:
    """Return what counts as one network: an IPv4 address, or the /64 that an IPv6 host is given."""
    if not ip:
        return ""
    address = ipaddress.ip_address(ip)
    if address.version == 4:  # noqa: PLR2004 - that is its name
        return ip
    return str(ipaddress.ip_network((address, 64), strict=False))


def check_asking(tx: Transaction, folded: str, network: str) -> None:
    """Raise TooMany if no further code may be mailed to a mailbox or asked for by a network."""
    code = tables.sign_in_codes.c
    limits = (
        (code.folded == folded, DAY, CODES_A_DAY),
        (code.network == network, HOUR, CODES_AN_HOUR),
    )
    for whose, window, most in limits:
        asked = _asked_since(tx, whose, tx.now - window, most)
        if asked is not None:
            raise TooMany(asked + window - tx.now)
    if (wait := wait_for_trying(tx, folded)) is not None:
        raise TooMany(wait)


def wait_for_trying(tx: Transaction, folded: str) -> timedelta | None:
    """Return how long no code for this mailbox is looked at, or None if one may be tried."""
    failure, code = tables.sign_in_failures.c, tables.sign_in_codes.c
    disabled = select(failure.disabled_until).where(failure.folded == folded)
    until: datetime | None = tx.execute(disabled).scalar_one_or_none()
    if until is not None and until > tx.now:
        return until - tx.now
    since = (code.folded == folded, code.asked_at > tx.now - DAY)
    tried = select(func.sum(code.tries), func.min(code.asked_at)).where(*since, code.tries > 0)
    tries, first = tx.execute(tried).one()
    if tries is None or tries < TRIES_A_DAY:
        return None
    wait: timedelta = first + DAY - tx.now
    return wait


def count_failure(tx: Transaction, mailboxes: Iterable[str]) -> None:
    """Count a wrong code against each mailbox that it was tried for."""
    failure = tables.sign_in_failures
    for folded in mailboxes:
        this = failure.c.folded == folded
        failures = (tx.execute(select(failure.c.failures).where(this)).scalar_one_or_none()) or 0
        facts = {
            "failures": failures + 1,
            "failed_at": tx.now,
            "disabled_until": _disabled_until(tx.now, failures + 1),
        }
        if failures:
            tx.execute(update(failure).where(this).values(**facts))
        else:
            tx.execute(insert(failure), [{"folded": folded, **facts}])


def forget_failures(tx: Transaction, folded: str) -> None:
    """Begin to count anew, after a right code."""
    failure = tables.sign_in_failures
    tx.execute(delete(failure).where(failure.c.folded == folded))


def _asked_since(
    tx: Transaction, whose: ColumnElement[bool], since: datetime, most: int
) -> datetime | None:
    """Return when the oldest of the last `most` codes was asked for; None if there were fewer."""
    asked_at = tables.sign_in_codes.c.asked_at
    newest = select(asked_at).where(whose, asked_at > since).order_by(asked_at.desc()).limit(most)
    times = tx.execute(newest).scalars().all()
    return times[-1] if len(times) >= most else None


def _disabled_until(now: datetime, failures: int) -> datetime | None:
    beyond = failures - FAILURES
    return now + DAY if beyond >= 0 and beyond % FURTHER_FAILURES == 0 else None
