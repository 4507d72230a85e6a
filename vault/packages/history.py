"""History: to whom a sender has written, how often, and when last.

For policy: whether a recipient is new to a sender, and which addresses a sender often writes to, so
that a slip of the pen can be seen. Addresses are kept as they are written, in lower case: to see
that one looks like another both must be legible, and the audit trail beside this table names them
anyway. Nothing of a mail is kept, neither its time of day nor its subject: a count, and the day.

Promises bounds: `MOST` addresses a sender, or a few more; the longest unused are forgotten first,
and whatever was not used for `KEPT_FOR`. Must never be the reason why a mail is not sent: what is
lost here makes an address new again, no more.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select

from vault.address import Address
from vault.packages.facts import address_of
from vault.storage import batches, tables
from vault.storage.statements import Statement
from vault.storage.store import Store, Transaction

MOST = 2000  # addresses kept of one sender
SLACK = 100  # so many more, before they are looked through
KEPT_FOR = timedelta(days=400)  # a yearly mail is still known
OFTEN = 3  # mails that make a recipient a frequent one
FREQUENT = 200  # of them, at most, are compared
_AT_ONCE = 200  # addresses in one statement

_ROW = tables.correspondence.c
_SENT = _ROW.sender == bindparam("of")
_TO = _ROW.recipient == bindparam("to")
_SINCE = _ROW.last_at >= bindparam("since", type_=_ROW.last_at.type)
_COUNT = Statement(
    lambda insert: (
        insert(tables.correspondence)
        .values(
            sender=bindparam("of"),
            recipient=bindparam("to"),
            times=1,
            last_at=bindparam("today", type_=_ROW.last_at.type),
        )
        .on_conflict_do_update(
            index_elements=["sender", "recipient"],
            set_={"times": _ROW.times + 1, "last_at": bindparam("today")},
        )
        .returning(_ROW.times)
    )
)
_HOW_MANY = Statement(select(func.count()).where(_SENT))
_SURPLUS = Statement(
    select(_ROW.recipient)
    .where(_SENT)
    .order_by(_ROW.last_at.desc(), _ROW.times.desc(), _ROW.recipient)
    .offset(bindparam("most"))
)
_KNOWN = Statement(select(_ROW.times).where(_SENT, _TO, _SINCE))
_OFTEN = Statement(
    select(_ROW.recipient)
    .where(_SENT, _ROW.times >= OFTEN, _SINCE)
    .order_by(_ROW.times.desc(), _ROW.last_at.desc(), _ROW.recipient)
    .limit(FREQUENT)
)


def note(tx: Transaction, sender: Address | None, recipients: Iterable[Address]) -> None:
    """Write down that a mail went from a sender to these recipients; nothing for no sender."""
    if sender is None:
        return
    addresses = dict.fromkeys(one.folded() for one in recipients)
    new = [one for one in addresses if _note(tx, sender.folded(), one)]
    if new:
        _bound(tx, sender.folded())


def forget(tx: Transaction) -> int:
    """Delete some of what has not been used for `KEPT_FOR`; returns how many rows."""
    return batches.remove(tx, tables.correspondence, _ROW.last_at < tx.now - KEPT_FOR)


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
        names = {"of": sender.folded(), "to": recipient.folded()}
        return bool(self._store.ask(_KNOWN, since=self.now - KEPT_FOR, **names))

    def frequent_recipients(self, sender: Address) -> tuple[Address, ...]:
        """Return whom the sender has written to `OFTEN` or more, most often first."""
        found = self._store.ask(_OFTEN, of=sender.folded(), since=self.now - KEPT_FOR)
        return tuple(address_of(recipient) for (recipient,) in found)

    def tls_verified(self, domain: str) -> bool:
        """Say whether mail to a domain travels by TLS to a server whose name was verified."""
        return self._verified(domain)


def _note(tx: Transaction, sender: str, recipient: str) -> bool:
    """Count a mail; say whether the recipient is new to the sender."""
    today = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    (times,) = tx.run(_COUNT, of=sender, to=recipient, today=today).fetchall()[0]
    return bool(times == 1)


def _bound(tx: Transaction, sender: str) -> None:
    """Forget whom a sender has not written to for longest, if there are far too many.

    What is beyond the bound goes in one go, now and then: finding it means reading all of them.
    """
    (known,) = tx.run(_HOW_MANY, of=sender).fetchall()[0]
    if known <= MOST + SLACK:
        return
    names = [found[0] for found in tx.run(_SURPLUS, of=sender, most=MOST)]
    table, row = tables.correspondence, tables.correspondence.c
    for start in range(0, len(names), _AT_ONCE):
        some = row.recipient.in_(names[start : start + _AT_ONCE])
        tx.execute(delete(table).where(row.sender == sender, some))
