"""A database over a network that does not answer keeps those waiting who ask it, and nobody else.

Somebody else holds a lock on the tables that sign-in and policies look into: to the node this is a
database that hangs.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from pg8000.native import Connection

from policies.language.loader import load_text
from tests import postgres
from tests.gateway.office import AMY, JANE, mail, office
from tests.gateway.test_history import NEW
from vault.settings import VaultSettings
from vault.storage.store import Store

ENVELOPE = NEW.replace(", subject: {contains: report}", "")
PLACES = ["guesses, known_places", "correspondence"]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[VaultSettings]:
    url = postgres.blank_database()
    yield VaultSettings(folder=tmp_path / "vault", database=url, lock_wait=timedelta(seconds=60))
    postgres.drop(url)


async def send_while_locked(settings: VaultSettings, folder: Path, where: str) -> tuple[bool, str]:
    """Send a mail while a table answers nobody; says whether the loop went on, and the answer."""
    name = postgres.name_of(settings.database or "")
    async with office(folder, vault=settings) as here:
        assert (await here.send(JANE, AMY, data=mail("Hello"))).startswith("250")
        here.pipeline.policy = load_text(NEW)
        with closing(postgres.admin(name)) as server, closing(postgres.admin(name)) as watcher:
            server.run("BEGIN")
            server.run(f"LOCK TABLE {where} IN ACCESS EXCLUSIVE MODE")
            sending = asyncio.create_task(here.send(JANE, AMY, data=mail("The report")))
            await asyncio.to_thread(wait_for_one, watcher)
            goes_on = waiting(watcher) > 0  # we are here, on the loop, and somebody waits still
            server.run("ROLLBACK")
        return goes_on, await sending


def waiting(server: Connection) -> int:
    """Count those who wait for a lock."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    ((count,),) = server.run(f"{asked} AND datname = current_database()")
    return int(count)


def wait_for_one(server: Connection) -> None:
    while not waiting(server):
        time.sleep(0.02)


@pytest.mark.parametrize("where", PLACES)
async def test_who_asks_it_waits_and_nobody_else(
    where: str, settings: VaultSettings, tmp_path: Path
) -> None:
    goes_on, answer = await send_while_locked(settings, tmp_path, where)
    assert goes_on
    assert answer.startswith("250")


async def test_a_recipient_is_decided_on_from_its_past(
    settings: VaultSettings, tmp_path: Path
) -> None:
    async with office(tmp_path, vault=settings) as here:
        here.pipeline.policy = load_text(ENVELOPE)
        assert "not written to this address" in await here.send(JANE, AMY, data=mail("Hello"))


async def test_asked_on_the_loop_it_holds_up_everybody(
    settings: VaultSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: as if it were SQLite. Nothing goes on before the database gives up."""
    monkeypatch.setattr(Store, "answers_at_once", True)
    quick = settings.model_copy(update={"lock_wait": timedelta(seconds=1)})
    goes_on, _ = await send_while_locked(quick, tmp_path, PLACES[1])
    assert not goes_on
