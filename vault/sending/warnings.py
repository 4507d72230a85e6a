"""Notes to senders about what they sent: at most one mail an hour each.

The first note of an hour goes at once. What follows is gathered in one mail at its end, written
from the audit trail when it is sent.

Promises that nobody gets more than that however much they send, and that no note is lost for it.
Must never hold a word of a mail: a rule's own sentence, references and names of rules are all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, literal, select

from vault.address import Address
from vault.keys import SealingKeys
from vault.sending.posting import Kind, post
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import OutboxState
from vault.trail.audit import Act, record

APART = timedelta(hours=1)
MOST_LISTED = 50

# Written out in the statements: a database uses an index over a part of a table only where it can
# see that the statement is about that part.
_WARNED = tables.events.c.act == literal(Act.SENDER_WARNED.value, literal_execute=True)
_NOTE = tables.outbox.c.kind == literal(Kind.WARNING.value, literal_execute=True)


@dataclass(frozen=True, slots=True)
class Gathered:
    """A message that a gathered note is about: when, its reference, and what its rules are."""

    at: datetime
    reference: str
    rules: str


def warn(
    store: Store,
    keys: SealingKeys,
    sender: Address,
    reference: str,
    said: Sequence[tuple[str, str]],
    package_id: str | None = None,
) -> None:
    """Tell a sender what rules say of a mail: `said` holds (rule, sentence). StoreUnavailable."""
    rules = ", ".join(dict.fromkeys(rule for rule, _ in said))
    with store.writing(turns.sender(sender.folded())) as tx:
        last, after = _last(tx, sender), _newest(tx, sender)
        whom, detail = str(sender), f"{reference}: {rules}"
        record(tx, Act.SENDER_WARNED, package_id=package_id, subject=whom, detail=detail)
        if last is None:
            sentences = dict.fromkeys(text for _, text in said)
            fields = {"reference": reference, "sentences": "\n".join(sentences), "rules": rules}
            post(tx, keys, Kind.WARNING, sender, fields)
        elif last <= tx.now:
            until = last + APART
            fields = {"after": str(after), "until": until.isoformat()}
            post(tx, keys, Kind.WARNING, sender, fields, available_at=until)


def gathered(store: Store, sender: Address, fields: Mapping[str, str]) -> list[Gathered]:
    """Return what a gathered note with these fields is about, oldest first.

    At most one more than are listed.
    """
    event = tables.events.c
    wanted = (
        select(event.at, event.detail)
        .where(
            _WARNED,
            event.subject == str(sender),
            event.id > int(fields["after"]),
            event.at < datetime.fromisoformat(fields["until"]),
        )
        .order_by(event.at, event.id)
        .limit(MOST_LISTED + 1)
    )
    with store.reading() as tx:
        rows = tx.execute(wanted).all()
    lines = ((row.at, *row.detail.partition(": ")) for row in rows)
    return [Gathered(at, reference, rules) for at, reference, _, rules in lines]


def _newest(tx: Transaction, sender: Address) -> int:
    """Return the line of the trail up to which notes have told, or will tell, of everything."""
    event = tables.events.c
    mine = (_WARNED, event.subject == str(sender))
    return tx.execute(select(func.max(event.id)).where(*mine)).scalar() or 0


def _last(tx: Transaction, sender: Address) -> datetime | None:
    """Return when the newest note of the last hour went, or will go; None if there is none."""
    row = tables.outbox.c
    notes = (_NOTE, row.address == str(sender))
    recent = (row.queued_at > tx.now - APART, row.state != OutboxState.FAILED)
    wanted = select(row.queued_at).where(*notes, *recent).order_by(row.queued_at.desc())
    return tx.execute(wanted.limit(1)).scalar()
