"""Who may open a package: the one place where it is decided.

An owner and an author always may. Anyone else needs an active grant to exactly their address, and
the package's times and opening hours must allow it, the way they signed in must suffice, and of
what is view-only they get no copy. What is destroyed nobody may.

Promises that a stranger learns nothing: a package that is absent and one without a grant for them
are the same denial. Must never compare addresses in any way but byte for byte.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from vault.address import Address
from vault.errors import AccessDenied, Denial
from vault.packages.facts import PackageFacts, facts_of
from vault.packages.hours import OpenHours
from vault.packages.strength import Strength, suffices
from vault.storage import tables
from vault.storage.store import Transaction
from vault.storage.tables import GrantState
from vault.trail.audit import Act

COPIES = frozenset({Act.ATTACHMENT_DOWNLOADED, Act.ORIGINAL_DOWNLOADED, Act.PACKAGE_PRINTED})


def check(
    tx: Transaction,
    package_id: str,
    reader: Address,
    act: Act = Act.PACKAGE_OPENED,
    proved: Strength = Strength.CODE,
) -> PackageFacts:
    """Return the facts of a package which `reader`, who signed in as `proved`, may open now.

    Raises AccessDenied, also for an `act` that would give out a copy of what is view-only.
    """
    package, grant = tables.packages, tables.grants
    found = tx.execute(select(package).where(package.c.id == package_id)).mappings().one_or_none()
    if found is None:
        raise AccessDenied(Denial.UNKNOWN)
    state = select(grant.c.state).where(
        grant.c.package_id == package_id, grant.c.address == str(reader)
    )
    granted = tx.execute(state).scalar()
    denial = judge(found, granted, reader, tx.now, proved) or _copying(found, reader, act)
    if denial is not None:
        raise AccessDenied(denial, _opens_at(found, denial, tx.now))
    return facts_of(found)


def judge(
    package: Mapping[Any, Any],
    grant_state: str | None,
    reader: Address,
    now: datetime,
    proved: Strength = Strength.CODE,
) -> Denial | None:
    """Say why `reader` may not open a package (a row of `packages`), or None.

    `grant_state` is that of the reader's grant, None without one.
    """
    belongs = _belongs(package, reader)
    if not belongs and grant_state is None:
        return Denial.UNKNOWN
    if package["wrapped"] is None:
        return Denial.DESTROYED
    if belongs:
        return None
    if grant_state != GrantState.ACTIVE:
        return Denial.REVOKED
    shut = _too_late_or_early(package["expires_at"], package["not_before"], now)
    if shut is None and not _open_at(package["open_hours"], now):
        shut = Denial.CLOSED
    if shut is None and not suffices(proved, package["sign_in"]):
        return Denial.TOO_WEAK
    return shut


def owned(tx: Transaction, package_id: str, owner: Address) -> Mapping[Any, Any]:
    """Return the row of a package that `owner` manages; raises AccessDenied(UNKNOWN)."""
    package = tables.packages
    chosen = (package.c.id == package_id, package.c.owner == str(owner))
    found = tx.execute(select(package).where(*chosen)).mappings().one_or_none()
    if found is None:
        raise AccessDenied(Denial.UNKNOWN)
    return found


def living(tx: Transaction, package_id: str, owner: Address) -> Mapping[Any, Any]:
    """Return the row of a package that `owner` manages and that can still be opened.

    Raises AccessDenied(UNKNOWN), or DESTROYED.
    """
    found = owned(tx, package_id, owner)
    if found["wrapped"] is None:
        raise AccessDenied(Denial.DESTROYED)
    return found


def _belongs(package: Mapping[Any, Any], reader: Address) -> bool:
    return str(reader) in {package["author"], package["owner"]}


def _copying(package: Mapping[Any, Any], reader: Address, act: Act) -> Denial | None:
    if act in COPIES and package["view_only"] and not _belongs(package, reader):
        return Denial.VIEW_ONLY
    return None


def _opens_at(package: Mapping[Any, Any], denial: Denial, now: datetime) -> datetime | None:
    """Return when the reader of a package that is not open will find it open."""
    if denial not in {Denial.NOT_YET, Denial.CLOSED}:
        return None
    begins: datetime = max(now, package["not_before"] or now)
    if not package["open_hours"]:
        return begins
    try:
        opens = OpenHours.parse(package["open_hours"]).next_opening(begins)
    except ValueError:
        return None
    ends = package["expires_at"]
    return None if opens is None or (ends is not None and ends <= opens) else opens


def _open_at(written: str, now: datetime) -> bool:
    """Say whether hours, as a column keeps them, hold now; what cannot be read never does."""
    try:
        return not written or OpenHours.parse(written).holds(now)
    except ValueError:
        return False


def _too_late_or_early(
    expires_at: datetime | None, not_before: datetime | None, now: datetime
) -> Denial | None:
    if expires_at is not None and expires_at <= now:
        return Denial.EXPIRED
    if not_before is not None and not_before > now:
        return Denial.NOT_YET
    return None
