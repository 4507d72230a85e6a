"""Destroying on demand: content that goes at once, because somebody says so.

    its owner          on the message's page, where the settings let senders
    an administrator   by command, with a reason

Promises that key and content go in one transaction with the line that says who wanted it; that
nothing goes which a legal hold keeps or of which a clear copy is still to be relayed; and that an
attempt in vain is on record as well, where its owner is not shown it.
"""

from typing import Any

from sqlalchemy import select

from vault.address import Address
from vault.ending import chores, destroying
from vault.ending.destroying import Cause, Order, Row
from vault.errors import AccessDenied, Denial, VaultError
from vault.origin import Origin
from vault.packages import access
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, printable, record

LONGEST_WHY = 180
HELD = "a legal hold is in force"
RELAYED = "a copy without sealing is still to be sent"
GONE = "its content is destroyed already"


class StillNeeded(VaultError):
    """Something stands against it. The text says what, and is not for its owner to read."""


class NotPossible(VaultError):
    """It cannot be destroyed so; the text says why."""


def by_owner(store: Store, owner: Address, package_id: str, origin: Origin) -> None:
    """Destroy a package as its owner wants.

    Raises AccessDenied(UNKNOWN), also where the settings leave this to administrators, or
    DESTROYED; StillNeeded.
    """
    if not store.settings.senders_destroy:
        raise AccessDenied(Denial.UNKNOWN)
    order = Order(Cause.SENDER, str(owner), origin=origin)
    with store.writing(turns.package(package_id)) as tx:
        stands = _carry_out(tx, store, access.living(tx, package_id, owner), order)
    if stands:
        raise StillNeeded(stands)


def by_administrator(store: Store, package_id: str, by: str, why: str) -> None:
    """Destroy a package as an administrator wants; raises NotPossible, or StillNeeded."""
    if not (reason := printable(why, LONGEST_WHY)):
        raise NotPossible("say why: it goes on record")
    package, order = tables.packages.c, Order(Cause.ADMINISTRATOR, by, reason)
    with store.writing(turns.package(package_id)) as tx:
        alive = select(tables.packages).where(
            package.id == package_id, package.wrapped.is_not(None)
        )
        row = tx.execute(alive).mappings().one_or_none()
        if row is None:
            raise NotPossible(GONE)
        stands = _carry_out(tx, store, row, order)
    if stands:
        raise StillNeeded(stands)


def against(store: Store, package_id: str) -> str:
    """Say what stands against destroying a package, "" if nothing does. Destroys nothing."""
    package = tables.packages.c
    alive = select(package.id).where(package.id == package_id, package.wrapped.is_not(None))
    with store.reading() as tx:
        return _against(tx, package_id) if tx.execute(alive).first() else GONE


def _carry_out(tx: Transaction, store: Store, row: Row, order: Order) -> str:
    """Destroy, and have the certificate follow soon; or say what stands against it."""
    if stands := _against(tx, row["id"]):
        about: dict[str, Any] = {"actor": printable(order.by), "origin": order.origin}
        record(tx, Act.DESTRUCTION_REFUSED, package_id=row["id"], detail=stands, **about)
        return stands
    destroying.shred(tx, store, row, order)
    chores.ask_for(tx, chores.ENDINGS)
    return ""


def _against(tx: Transaction, package_id: str) -> str:
    package = tables.packages.c
    wanted = select(package.id, destroying.is_held(), destroying.is_relayed())
    _, held, relayed = tx.execute(wanted.where(package.id == package_id)).one()
    if held:
        return HELD
    return RELAYED if relayed else ""
