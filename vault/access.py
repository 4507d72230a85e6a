"""Who may open a package: the one place where it is decided.

An owner and an author always may. Anyone else needs an active grant to exactly their address, and
the package's times must allow it.

Promises that a stranger learns nothing: a package that is absent and one without a grant for them
are the same denial. Must never compare addresses in any way but byte for byte.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from vault import tables
from vault.address import Address
from vault.errors import AccessDenied, Denial
from vault.facts import PackageFacts, facts_of
from vault.store import Transaction
from vault.tables import GrantState


def check(tx: Transaction, package_id: str, reader: Address) -> PackageFacts:
    """Return the facts of a package which `reader` may open now; raises AccessDenied."""
    package, grant = tables.packages, tables.grants
    found = tx.execute(select(package).where(package.c.id == package_id)).mappings().one_or_none()
    if found is None:
        raise AccessDenied(Denial.UNKNOWN)
    state = select(grant.c.state).where(
        grant.c.package_id == package_id, grant.c.address == str(reader)
    )
    denial = judge(found, tx.execute(state).scalar(), reader, tx.now)
    if denial is not None:
        raise AccessDenied(denial)
    return facts_of(found)


def judge(
    package: Mapping[Any, Any], grant_state: str | None, reader: Address, now: datetime
) -> Denial | None:
    """Say why `reader` may not open a package (a row of `packages`), or None.

    `grant_state` is that of the reader's grant, None without one.
    """
    belongs = str(reader) in {package["author"], package["owner"]}
    if not belongs and grant_state is None:
        return Denial.UNKNOWN
    if package["wrapped"] is None:  # the content is destroyed
        return Denial.EXPIRED
    if belongs:
        return None
    if grant_state != GrantState.ACTIVE:
        return Denial.REVOKED
    return _too_late_or_early(package["expires_at"], package["not_before"], now)


def owned(tx: Transaction, package_id: str, owner: Address) -> Mapping[Any, Any]:
    """Return the row of a package that `owner` manages; raises AccessDenied(UNKNOWN)."""
    package = tables.packages
    chosen = (package.c.id == package_id, package.c.owner == str(owner))
    found = tx.execute(select(package).where(*chosen)).mappings().one_or_none()
    if found is None:
        raise AccessDenied(Denial.UNKNOWN)
    return found


def _too_late_or_early(
    expires_at: datetime | None, not_before: datetime | None, now: datetime
) -> Denial | None:
    if expires_at is not None and expires_at <= now:
        return Denial.EXPIRED
    if not_before is not None and not_before > now:
        return Denial.NOT_YET
    return None
