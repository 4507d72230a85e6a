"""Disclosing: packages are written out for somebody when two people have said so.

    ask       one person, with a reason            approve   another person
                                                   decline   another person, or the same
    approved  for `LASTS` the packages may be written out

Promises that nobody approves what they have asked for, under whichever of their addresses; that
both acts are on record at each package that is named, with the reasons; and that an answer counts
for `LASTS` only. Who they are is for the caller to have proved. Must never open anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from vault import identifier
from vault.address import Address
from vault.errors import VaultError
from vault.exchange.folder import Selection
from vault.people.users import spellings
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import RequestState
from vault.trail.audit import Act, printable, record

LASTS = timedelta(days=14)
LONGEST_WHY = 120
MOST = 1000  # packages that are named in one


class NotPossible(VaultError):
    """A disclosure cannot be asked for, decided or used so; the text says why."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What was asked, and what has become of it. `until` is when it lapses."""

    id: str
    selection: Selection
    why: str
    asked_at: datetime
    asked_by: str
    state: RequestState
    decided_at: datetime | None
    decided_by: str
    decided_why: str

    @property
    def until(self) -> datetime:
        """When it counts no longer: unanswered, or approved and not used."""
        return (self.decided_at or self.asked_at) + LASTS


def ask(store: Store, selection: Selection, by: Address, why: str) -> Disclosure:
    """Ask for packages to be written out: those that are named, or everything (none named)."""
    reason = _reason(why)
    if len(selection.packages) > MOST:
        raise NotPossible(f"name {MOST} messages at most: ask again for the rest")
    with store.writing() as tx:
        row = {
            "id": identifier.draw(),
            "selection": selection.model_dump_json(),
            "why": reason,
            "asked_at": tx.now,
            "asked_by": str(by),
            "state": RequestState.PENDING.value,
            "decided_at": None,
            "decided_by": "",
            "decided_why": "",
        }
        tx.execute(insert(tables.disclosures), [row])
        asked = _disclosure(row)
        _record(tx, Act.DISCLOSURE_ASKED, asked, by, reason)
    return asked


def approve(store: Store, disclosure_id: str, by: Address, why: str = "") -> Disclosure:
    """Approve what somebody else has asked for; raises NotPossible."""
    return _decide(store, disclosure_id, by, why, RequestState.APPROVED)


def decline(store: Store, disclosure_id: str, by: Address, why: str) -> Disclosure:
    """Decline it, or take it back; raises NotPossible."""
    return _decide(store, disclosure_id, by, _reason(why), RequestState.DECLINED)


def approved(store: Store, disclosure_id: str) -> Disclosure:
    """Return a disclosure that two people have said yes to, and that counts still.

    Raises NotPossible.
    """
    with store.reading() as tx:
        found, now = _find(tx, disclosure_id), tx.now
    if found.state is RequestState.PENDING:
        raise NotPossible("nobody has approved it yet: it takes a second person")
    if found.state is RequestState.DECLINED:
        raise NotPossible(f"it was declined by {found.decided_by}")
    if found.until <= now:
        raise NotPossible("its approval has lapsed: ask for it anew")
    return found


def every(store: Store) -> list[Disclosure]:
    """Return every disclosure, oldest first."""
    table = tables.disclosures
    with store.reading() as tx:
        rows = tx.execute(select(table).order_by(table.c.asked_at, table.c.id)).mappings().all()
    return [_disclosure(row) for row in rows]


def _decide(
    store: Store, disclosure_id: str, by: Address, why: str, state: RequestState
) -> Disclosure:
    table, act = tables.disclosures, Act.DISCLOSURE_DECLINED
    with store.writing(turns.hold(disclosure_id)) as tx:
        found = _find(tx, disclosure_id)
        if found.state is not RequestState.PENDING or found.until <= tx.now:
            raise NotPossible("it waits for no answer any more")
        if state is RequestState.APPROVED:
            act = Act.DISCLOSURE_APPROVED
            asked = Address.parse(found.asked_by)
            if spellings(tx, by) & spellings(tx, asked):
                raise NotPossible("you have asked for this yourself: another person must approve")
        decided = {
            "state": state.value,
            "decided_at": tx.now,
            "decided_by": str(by),
            "decided_why": printable(why, LONGEST_WHY),
        }
        tx.execute(update(table).where(table.c.id == disclosure_id).values(**decided))
        _record(tx, act, found, by, why)
        return _find(tx, disclosure_id)


def _find(tx: Transaction, disclosure_id: str) -> Disclosure:
    table = tables.disclosures
    wanted = select(table).where(table.c.id == disclosure_id)
    row = tx.execute(wanted).mappings().one_or_none()
    if row is None:
        raise NotPossible("there is no such disclosure: `sealgate disclosure list` shows them")
    return _disclosure(row)


def _disclosure(row: Mapping[Any, Any]) -> Disclosure:
    return Disclosure(
        id=row["id"],
        selection=Selection.model_validate_json(row["selection"]),
        why=row["why"],
        asked_at=row["asked_at"],
        asked_by=row["asked_by"],
        state=RequestState(row["state"]),
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        decided_why=row["decided_why"],
    )


def _reason(why: str) -> str:
    if not (reason := printable(why, LONGEST_WHY)):
        raise NotPossible("say why: it goes on record")
    return reason


def _record(tx: Transaction, act: Act, one: Disclosure, by: Address, why: str) -> None:
    """Put an act on record: at each package that is named, or once where it is all of them."""
    detail = f"{one.id}; {why}".removesuffix("; ")
    everything: list[str | None] = [None]
    for package_id in one.selection.packages or everything:
        record(tx, act, package_id=package_id, actor=str(by), detail=detail)
