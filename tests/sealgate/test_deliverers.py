"""Several deliverers of one node, as real processes: they share the work, also a dead one's."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from sealgate import settings
from tests.sealgate.node import Node
from tests.sealgate.test_supervisor import Running, serving
from tests.sink import Sink
from vault import keys
from vault.address import Address
from vault.contents.spool import Spool
from vault.packages.deposit import Deposit, GrantFor
from vault.packages.depositing import deposit
from vault.sending import outbox
from vault.storage.store import Store

JO = Address.parse("jo@council.example")
LEASE = 5


def put(store: Store, node: Node, number: int) -> None:
    spool = Spool.of(store, b"From: jo@council.example\r\nSubject: %d\r\n\r\nx\r\n" % number)
    to = GrantFor(address=Address("amy", f"p{number}.example"))
    deposit(store, keys.load_sealing(node.keys), Deposit(spool=spool, author=JO, grants=(to,)))
    spool.abort()


@asynccontextmanager
async def two(ready: Node, sink: Sink) -> AsyncIterator[tuple[Store, dict[str, Running]]]:
    """Two deliverers by the name under which each claims."""
    ready.spoil('host = "127.0.0.1"\nport = 9', f'host = "127.0.0.1"\nport = {sink.port}')
    with ready.config.open("a") as file:
        file.write(f"\n[delivery]\nprocesses = 2\nat_once = 1\nlease = {LEASE}\n")
    chosen = settings.load(ready.config)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serving(ready, "deliver"))
        await first.next_ready()
        second = await stack.enter_async_context(serving(ready, "deliver"))
        await second.next_ready()
        store = Store(chosen.vault)
        stack.callback(store.close)
        host = os.uname().nodename
        yield store, {f"deliver@{host}": first, f"deliver-2@{host}": second}


def rows(store: Store) -> list[Any]:
    with store.reading() as tx:
        return list(tx.execute(outbox.tables.outbox.select()).all())


def settled(store: Store) -> bool:
    return all(row.state == "done" for row in rows(store))


async def holder(store: Store) -> str:
    async with asyncio.timeout(20):
        while True:
            if found := [row.leased_by for row in rows(store) if row.leased_by]:
                return str(found[0])
            await asyncio.sleep(0.05)


@pytest.mark.chaos
async def test_two_share_the_work_and_one_does_that_of_one_that_is_killed(ready: Node) -> None:
    async with Sink() as sink, two(ready, sink) as (store, running):
        sink.script.delay["dot"] = 0.1
        holders = set()
        for number in range(12):
            put(store, ready, number)
        async with asyncio.timeout(60):
            while len(sink.mails) < 12 or not settled(store):
                holders |= {row.leased_by for row in rows(store) if row.leased_by}
                await asyncio.sleep(0.03)
        assert len(holders) == 2
        assert set(Counter(mail.recipients for mail in sink.mails).values()) == {1}

        sink.script.stall.add("dot")
        begun = sink.commands.count("DATA")
        put(store, ready, 12)
        dead = await holder(store)
        async with asyncio.timeout(20):
            while sink.commands.count("DATA") == begun:  # noqa: ASYNC110 - the sink tells nobody
                await asyncio.sleep(0.02)
        running[dead].process.send_signal(signal.SIGKILL)
        await running[dead].process.wait()
        sink.script.stall.clear()
        await sink.wait_for(13, seconds=LEASE + 30)
        async with asyncio.timeout(20):
            while not settled(store):  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.05)
        (row,) = (row for row in rows(store) if row.address == "amy@p12.example")
        assert (row.state, row.attempts) == ("done", 2)
        assert len(sink.mails) == 13
