"""Who may open a package: the one place where it is decided.

An owner and an author always may. Anyone else needs an active grant to exactly their address, and
the package's times must allow it, the way they signed in must suffice, and of what is view-only
they get no copy.

Promises that a stranger learns nothing: a package that is absent and one without a grant for them
are the same denial. Must never compare addresses in any way but byte for byte.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from vault import tables
from vault.address import Address
from vault.audit import Act
from vault.errors import AccessDenied, Denial
from vault.facts import PackageFacts, facts_of
from vault.store import Transaction
from vault.strength import Strength, suffices
from vault.tables import GrantState

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
        raise AccessDenied(denial)
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
    if package["wrapped"] is None:  # the content is destroyed
        return Denial.EXPIRED
    if belongs:
        return None
    if grant_state != GrantState.ACTIVE:
        return Denial.REVOKED
    late_or_early = _too_late_or_early(package["expires_at"], package["not_before"], now)
    if late_or_early is None and not suffices(proved, package["sign_in"]):
        return Denial.TOO_WEAK
    return late_or_early


def owned(tx: Transaction, package_id: str, owner: Address) -> Mapping[Any, Any]:
    """Return the row of a package that `owner` manages; raises AccessDenied(UNKNOWN)."""
    package = tables.packages
    chosen = (package.c.id == package_id, package.c.owner == str(owner))
    found = tx.execute(select(package).where(*chosen)).mappings().one_or_none()
    if found is None:
        raise AccessDenied(Denial.UNKNOWN)
    return found


def _belongs(package: Mapping[Any, Any], reader: Address) -> bool:
    return str(reader) in {package["author"], package["owner"]}


def _copying(package: Mapping[Any, Any], reader: Address, act: Act) -> Denial | None:
    if act in COPIES and package["view_only"] and not _belongs(package, reader):
        return Denial.VIEW_ONLY
    return None


def _too_late_or_early(
    expires_at: datetime | None, not_before: datetime | None, now: datetime
) -> Denial | None:
    if expires_at is not None and expires_at <= now:
        return Denial.EXPIRED
    if not_before is not None and not_before > now:
        return Denial.NOT_YET
    return None
