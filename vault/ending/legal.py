"""Legal holds: packages that are kept, whatever their times say, until somebody ends the hold.

A package may have several, one for each matter. Access is as before: a hold keeps content from
being destroyed and opens it to nobody.

Promises that a hold counts from its commit, that every act is on record with who and why, and that
where two people are needed nobody ends a hold alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from vault import identifier
from vault.errors import VaultError
from vault.packages import reference
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, printable, record

LONGEST_WHY = 200


class NotPossible(VaultError):
    """A legal hold cannot be placed or ended so; the text says why."""


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A hold in force. `asked_by` is who wants it ended, "" if nobody does."""

    id: str
    package_id: str
    reference: str
    placed_at: datetime
    placed_by: str
    why: str
    asked_at: datetime | None
    asked_by: str
    asked_why: str


def find(store: Store, named: str) -> str:
    """Return the id of the package with a reference, as people type it; raises NotPossible."""
    package, plain = tables.packages.c, reference.plain(named)
    drawn = f"{plain[:4]}-{plain[4:]}"
    with store.reading() as tx:
        found = tx.execute(select(package.id).where(package.reference == drawn)).scalar()
    if found is None:
        raise NotPossible(f"there is no sealed message {drawn}")
    return str(found)


def place(store: Store, package_id: str, by: str, why: str) -> str:
    """Keep a package until the hold is ended, and return the hold's id; raises NotPossible."""
    reason = _reason(why)
    package = tables.packages.c
    with store.writing(turns.package(package_id)) as tx:
        alive = select(package.id).where(package.id == package_id, package.wrapped.is_not(None))
        if tx.execute(alive).first() is None:
            raise NotPossible("its content is destroyed already: nothing is left to be kept")
        hold_id = identifier.draw()
        row = {
            "id": hold_id,
            "package_id": package_id,
            "placed_at": tx.now,
            "placed_by": printable(by),
            "why": reason,
        }
        tx.execute(insert(tables.legal_holds), [row])
        _record(tx, Act.LEGAL_HOLD_PLACED, package_id, by, reason)
    return hold_id


def end(store: Store, hold_id: str, by: str, why: str, *, needs_two: bool) -> bool:
    """End a hold; False if this was the first of two people who are needed. Raises NotPossible."""
    hold, reason = tables.legal_holds, _reason(why)
    with store.writing(turns.hold(hold_id)) as tx:
        chosen = (hold.c.id == hold_id, hold.c.ended_at.is_(None))
        found = tx.execute(select(hold).where(*chosen)).mappings().one_or_none()
        if found is None:
            raise NotPossible("this legal hold is not in force any more")
        if needs_two and not found["asked_by"]:
            asked = {"asked_at": tx.now, "asked_by": printable(by), "asked_why": reason}
            tx.execute(update(hold).where(*chosen).values(**asked))
            _record(tx, Act.LEGAL_HOLD_ENDING_ASKED, found["package_id"], by, reason)
            return False
        if needs_two and found["asked_by"] == printable(by):
            raise NotPossible("you have asked for this yourself: another person must end the hold")
        over = {"ended_at": tx.now, "ended_by": printable(by)}
        tx.execute(update(hold).where(*chosen).values(**over))
        _record(tx, Act.LEGAL_HOLD_ENDED, found["package_id"], by, reason)
    return True


def in_force(store: Store, package_id: str | None = None) -> list[LegalHold]:
    """Return the holds of a package, or of all (None), oldest first."""
    hold, package = tables.legal_holds, tables.packages
    wanted = (
        select(hold, package.c.reference)
        .join(package, package.c.id == hold.c.package_id)
        .where(hold.c.ended_at.is_(None))
        .order_by(hold.c.placed_at, hold.c.id)
    )
    if package_id is not None:
        wanted = wanted.where(hold.c.package_id == package_id)
    with store.reading() as tx:
        return [_hold(row) for row in tx.execute(wanted).mappings()]


def _hold(row: Mapping[Any, Any]) -> LegalHold:
    return LegalHold(
        id=row["id"],
        package_id=row["package_id"],
        reference=row["reference"],
        placed_at=row["placed_at"],
        placed_by=row["placed_by"],
        why=row["why"],
        asked_at=row["asked_at"],
        asked_by=row["asked_by"],
        asked_why=row["asked_why"],
    )


def _reason(why: str) -> str:
    if not (reason := printable(why, LONGEST_WHY)):
        raise NotPossible("say why: it goes on record")
    return reason


def _record(tx: Transaction, act: Act, package_id: str, by: str, why: str) -> None:
    record(tx, act, package_id=package_id, actor=printable(by), detail=why)
