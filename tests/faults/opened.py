"""What opens at a node: every package, as one of those who were told of it sees it."""

import asyncio
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from tests.e2e.reconcile import Notice, Package
from tests.e2e.stage import Stage
from tests.e2e.traffic import OUTSIDE

PACKAGES = "SELECT id, reference, author FROM packages"
GRANTS = "SELECT package_id, address FROM grants"


async def opened_at(node: Stage, notices: Iterable[Notice]) -> dict[str, bytes]:
    """Open each package as one of those who were told of it; gives digests of the originals."""
    chosen = {notice.package_id: notice for notice in sorted(notices, key=lambda one: one.to)}
    opened: dict[str, bytes] = {}

    async def open_for(address: str) -> None:
        mine = [notice for notice in chosen.values() if notice.to == address]
        if not mine:
            return
        async with await node.sign_in(address) as visitor:
            for notice in mine:
                page = await visitor.get(f"/p/{notice.package_id}/original.eml")
                if page.status == 200:
                    opened[notice.package_id] = sha256(page.body).digest()

    await asyncio.gather(*(open_for(address) for address in OUTSIDE))
    return opened


def packages_in(
    ask: Callable[[str], list[list[Any]]], opened: dict[str, bytes], *, without: Iterable[str]
) -> list[Package]:
    """Give the packages of a database, with the digests of what opened.

    But for those that somebody may open whose address ends with one of `without`.
    """
    granted = ask(GRANTS)
    return [
        Package(
            id=package_id,
            reference=reference,
            author=author,
            grants=frozenset(to for of, to in granted if of == package_id),
            digest=opened.get(package_id),
        )
        for package_id, reference, author in ask(PACKAGES)
        if not any(to.endswith(tuple(without)) for of, to in granted if of == package_id)
    ]
