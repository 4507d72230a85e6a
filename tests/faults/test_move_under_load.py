"""A node that takes mail goes from SQLite to PostgreSQL: what it answered 250 is there then."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests import postgres
from tests.e2e.machine import until
from tests.e2e.reconcile import notices_in, reconcile
from tests.e2e.stage import Stage
from tests.e2e.traffic import SECONDS, Senders, make_mails
from tests.faults.conftest import WHOLE, in_memory
from tests.faults.opened import opened_at, packages_in

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not WHOLE, reason="a whole proof: make test-faults"),
]
MAILS = 1500
PATIENCE = 240.0


async def test_a_node_moves_under_load_and_loses_nothing() -> None:
    url = await asyncio.to_thread(postgres.empty_database)
    mails = make_mails(11, MAILS, largest=60_000)

    def ask(sql: str) -> list[list[Any]]:
        with closing(postgres.admin(postgres.name_of(url))) as server:
            return list(server.run(sql))

    with in_memory() as folder:
        async with Stage(folder / "node", smtp="processes = 2") as stage:
            senders = Senders(stage, mails, 4)
            done = senders.record.acknowledged
            stage.sink.script.delay["dot"] = 0.1  # so that the load lasts
            senders.start()
            await until(lambda: len(done) >= MAILS // 5, SECONDS)
            await asyncio.to_thread(stage.command, "move", "--to", url)
            await until(lambda: len(done) >= MAILS // 2, SECONDS)
            said = await asyncio.to_thread(stage.command, "move", "--to", url, "--finish")
            assert "takes no more" in said
            with closing(sqlite3.connect(stage.folder / "vault" / "sealgate.sqlite")) as old:
                ((left,),) = old.execute("SELECT count(*) FROM packages").fetchall()
            await until(lambda: senders.record.again or not senders.working, SECONDS)
            await stage.stop()
            settings = stage.config.read_text()
            stage.config.write_text(settings.replace("[vault]", f'[vault]\ndatabase = "{url}"', 1))
            await stage.start()
            await until(lambda: not senders.working, SECONDS)
            waiting = "SELECT kind, status FROM outbox WHERE state = 'queued'"
            await until(lambda: not ask(waiting), PATIENCE)
            opened = await opened_at(stage, notices_in(stage.sink.mails))
            packages = packages_in(ask, opened, without=())
            findings = reconcile(mails, done, stage.sink.mails, packages)
            print(f"moved with {left} packages of {len(packages)}; {findings}")
            assert len(done) == MAILS
            assert findings.all == []
            assert senders.record.again, "nobody was told to wait: the load was over"
            assert 0 < left <= len(packages)
            assert "Nothing is wrong" in stage.command("audit", "verify")
    postgres.drop(url)
