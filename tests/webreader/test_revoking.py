"""A thousand withdrawals, each at another moment of somebody's opening, downloading or answering.

After the withdrawal is committed nothing is opened (the trail says in which order), and a second
later no byte of content leaves.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from tests.faults.conftest import WHOLE, sample
from tests.webreader.browser import Browser
from tests.webreader.conftest import AUTHOR, BOB, SignIn, mail
from tests.webreader.test_download import MIB, slowly
from vault.origin import Origin
from vault.packages import grants
from vault.storage import tables
from vault.storage.store import Store
from vault.trail.audit import Act
from webreader.reading import download
from webreader.site import Site

MOMENTS = sample(60, 1000)
AT_ONCE = 6
LONGEST = 0.03  # seconds from the beginning of an act to the withdrawal
LARGE = mail(files=(("recording.wav", random.Random(1).randbytes(3 * MIB)),))
SMALL = mail(files=(("plan.pdf", b"%PDF-" + bytes(2000)),))
ACCESSES = {Act.PACKAGE_OPENED, Act.ATTACHMENT_DOWNLOADED, Act.ORIGINAL_DOWNLOADED}
Seal = Callable[..., str]


class Came(NamedTuple):
    """What the reader got: a word for it, and when the last byte came."""

    what: str
    last: float


@dataclass
class Scene:
    """One site, its owner's hand, and a recipient who has signed in."""

    site: Site
    server: TestServer
    bob: Browser
    seal: Seal

    async def moment(self, number: int) -> tuple[str, str]:
        """Withdraw at one moment of one act; returns the act, and what came of it."""
        drawn = random.Random(number)
        name = drawn.choice(sorted(ACTS))
        package = self.sealed(LARGE if name == "slow download" else SMALL, number)
        page = (await self.bob.get(f"/p/{package}/reply")).text if name == "answer" else ""
        seen, due = len(self.trail(package)), asyncio.Event()
        acting = asyncio.create_task(ACTS[name](self, package, drawn, page or due))
        if name == "slow download":
            await asyncio.wait_for(due.wait(), 30)
        else:
            await asyncio.sleep(drawn.uniform(0, LONGEST))
        await asyncio.to_thread(
            grants.revoke, self.site.store, AUTHOR, package, BOB, Origin("192.0.2.1")
        )
        withdrawn = time.monotonic()
        came = await asyncio.wait_for(acting, 30)
        assert came.last < withdrawn + 1, f"{name} {number}: bytes still came"
        assert not opened_after(self.trail(package)[seen:]), f"{name} {number}: opened afterwards"
        assert (await self.bob.get(f"/p/{package}/a/1")).status == 403
        return name, came.what

    def sealed(self, text: bytes, number: int) -> str:
        """Seal a mail of its own: the same one twice would be one package."""
        return self.seal(text.replace(b"Annual review", b"Review no. %d" % number, 1))

    def trail(self, package: str) -> list[str]:
        return trail_of(self.site.store, package)


def trail_of(store: Store, package: str) -> list[str]:
    event = tables.events.c
    with store.reading() as tx:
        wanted = select(event.act).where(event.package_id == package).order_by(event.id)
        return list(tx.execute(wanted).scalars())


def opened_after(acts: list[str]) -> list[str]:
    """What was opened after it had been withdrawn."""
    return [act for act in acts[acts.index(Act.ACCESS_REVOKED) :] if act in ACCESSES]


async def opening(scene: Scene, package: str, *_: object) -> Came:
    answer = await scene.bob.get(f"/p/{package}")
    return Came(str(answer.status), 0.0)


async def quick(scene: Scene, package: str, drawn: random.Random, _: object) -> Came:
    try:
        answer = await scene.bob.get(f"/p/{package}/{drawn.choice(['a/1', 'original.eml'])}")
    except aiohttp.ClientError:  # between the headers and the content
        return Came("reset", 0.0)
    return Came(str(answer.status), 0.0)


async def slow(scene: Scene, package: str, drawn: random.Random, due: asyncio.Event) -> Came:
    """Download while the withdrawal waits until some bytes have come."""
    some = drawn.randrange(2 * MIB)
    async with slowly(scene.server, scene.bob, f"/p/{package}/a/1", pace=0.001) as line:
        while line.size < some and not line.ended:  # noqa: ASYNC110 - what it waits for is a number
            await asyncio.sleep(0.001)
        line.pace = drawn.uniform(0, 0.02)
        due.set()
        await asyncio.wait_for(line.task, 20)
        return Came(line.ended, line.last)


async def answering(scene: Scene, package: str, _: object, page: str) -> Came:
    draft = page.partition('name="draft" value="')[2].partition('"')[0]
    token = page.partition('name="csrf" value="')[2].partition('"')[0]
    form = aiohttp.FormData(
        {"csrf": token, "draft": draft, "message": "Thank you."}, default_to_multipart=True
    )
    answer = await scene.bob.post(f"/p/{package}/reply", form)
    return Came(str(answer.status), 0.0)


ACTS: dict[str, Callable[..., Awaitable[Came]]] = {
    "open": opening,
    "download": quick,
    "slow download": slow,
    "answer": answering,
}


@pytest.fixture
async def scene(site: Site, server: TestServer, sign_in: SignIn, seal: Seal) -> Scene:
    return Scene(site, server, await sign_in(BOB), seal)


async def played(scene: Scene, numbers: range) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for first in range(numbers.start, numbers.stop, AT_ONCE):
        some = range(first, min(first + AT_ONCE, numbers.stop))
        found.update(await asyncio.gather(*map(scene.moment, some)))
    return found


async def test_whenever_access_is_withdrawn_nothing_is_opened_afterwards(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    found = await played(scene, range(MOMENTS))
    with capsys.disabled():
        what = ", ".join(f"{act} {came}: {many}" for (act, came), many in sorted(found.items()))
        print(f"\n    {MOMENTS} withdrawals: {what}", end="")
    assert found["slow download", "reset"] > MOMENTS / 20, "few were cut in the middle"
    assert found["open", "403"], "all were withdrawn too late to mean anything"
    assert found["open", "200"] or not WHOLE, "all were withdrawn too early"


async def test_the_control_without_another_look_bytes_go_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "recheck", lambda *_: None)
    found = Counter[str]()
    for number in range(6):
        package = scene.sealed(LARGE, number)
        async with slowly(scene.server, scene.bob, f"/p/{package}/a/1", 0.002) as line:
            grants.revoke(scene.site.store, AUTHOR, package, BOB, Origin("192.0.2.1"))
            await asyncio.wait_for(line.task, 20)
            found[line.ended] += 1
    assert found == {"end": 6}


def test_the_control_an_opening_behind_the_withdrawal_is_seen() -> None:
    assert opened_after(["package:opened", "access:revoked", "access:denied"]) == []
    late = ["package:opened", "access:revoked", "attachment:downloaded"]
    assert opened_after(late) == ["attachment:downloaded"]
