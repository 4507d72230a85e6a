"""History: to whom a sender has written, how often, and when last.

For policy: whether a recipient is new to a sender, and which addresses a sender often writes to, so
that a slip of the pen can be seen. Addresses are kept as they are written, in lower case: to see
that one looks like another both must be legible, and the audit trail beside this table names them
anyway. Nothing of a mail is kept, neither its time of day nor its subject: a count, and the day.

Promises bounds: `MOST` addresses a sender, the longest unused forgotten first, and nothing that was
not used for `KEPT_FOR`. Must never be the reason why a mail is not sent: what is lost here makes an
address new again, no more.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from vault import tables
from vault.address import Address
from vault.facts import address_of
from vault.store import Store, Transaction

MOST = 2000  # addresses kept of one sender
KEPT_FOR = timedelta(days=400)  # a yearly mail is still known
OFTEN = 3  # mails that make a recipient a frequent one
FREQUENT = 200  # of them, at most, are compared
_AT_ONCE = 200  # addresses in one statement


def note(tx: Transaction, sender: Address | None, recipients: Iterable[Address]) -> None:
    """Write down that a mail went from a sender to these recipients; nothing for no sender."""
    if sender is None:
        return
    addresses = list(dict.fromkeys(one.folded() for one in recipients))
    for start in range(0, len(addresses), _AT_ONCE):
        _note(tx, sender.folded(), addresses[start : start + _AT_ONCE])
    _bound(tx, sender.folded())


def forget(tx: Transaction) -> None:
    """Delete what has not been used for `KEPT_FOR`."""
    table = tables.correspondence
    tx.execute(delete(table).where(table.c.last_at < tx.now - KEPT_FOR))


class Past:
    """What an installation knows of its senders' past, and what time it is.

    Answers the questions of `policies.knowledge`. `verified` says whether mail to a domain travels
    by verified TLS; where nobody can tell, it does not. Raises StoreUnavailable.
    """

    def __init__(
        self, store: Store, verified: Callable[[str], bool] = lambda _domain: False
    ) -> None:
        self._store = store
        self._verified = verified

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self._store.clock()

    def has_sent_to(self, sender: Address, recipient: Address) -> bool:
        """Say whether a mail went from the sender to the recipient, within the last year or so."""
        row = tables.correspondence.c
        with self._store.reading() as tx:
            known = select(row.times).where(
                row.sender == sender.folded(),
                row.recipient == recipient.folded(),
                row.last_at >= tx.now - KEPT_FOR,
            )
            return tx.execute(known).first() is not None

    def frequent_recipients(self, sender: Address) -> tuple[Address, ...]:
        """Return whom the sender has written to `OFTEN` or more, most often first."""
        row = tables.correspondence.c
        with self._store.reading() as tx:
            often = (
                select(row.recipient)
                .where(
                    row.sender == sender.folded(),
                    row.times >= OFTEN,
                    row.last_at >= tx.now - KEPT_FOR,
                )
                .order_by(row.times.desc(), row.last_at.desc(), row.recipient)
                .limit(FREQUENT)
            )
            return tuple(address_of(found.recipient) for found in tx.execute(often))

    def tls_verified(self, domain: str) -> bool:
        """Say whether mail to a domain travels by TLS to a server whose name was verified."""
        return self._verified(domain)


def _note(tx: Transaction, sender: str, recipients: list[str]) -> None:
    table, row = tables.correspondence, tables.correspondence.c
    today = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    these = (row.sender == sender) & row.recipient.in_(recipients)
    known = {found.recipient for found in tx.execute(select(row.recipient).where(these))}
    tx.execute(update(table).where(these).values(times=row.times + 1, last_at=today))
    new = [
        {"sender": sender, "recipient": one, "times": 1, "last_at": today}
        for one in recipients
        if one not in known
    ]
    if new:
        tx.execute(insert(table), new)


def _bound(tx: Transaction, sender: str) -> None:
    """Forget whom a sender has not written to for longest, if there are too many."""
    table, row = tables.correspondence, tables.correspondence.c
    surplus = (
        select(row.recipient)
        .where(row.sender == sender)
        .order_by(row.last_at.desc(), row.times.desc(), row.recipient)
        .offset(MOST)
    )
    names = [found.recipient for found in tx.execute(surplus)]
    for start in range(0, len(names), _AT_ONCE):
        some = row.recipient.in_(names[start : start + _AT_ONCE])
        tx.execute(delete(table).where(row.sender == sender, some))
