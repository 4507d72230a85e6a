"""Two nodes of real processes on one PostgreSQL, with one place for contents and one next hop.

async with pair(folder) as nodes:
    nodes.first, nodes.second        # stages, each with ports and a data folder of its own
    nodes.ask("SELECT ...")          # what is in the database that they share

Contents lie in an S3 store where one can be run, and otherwise in a folder that both see. A node
may be started as `careless.py` instead, which breaks one promise.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests import postgres, s3
from tests.e2e.machine import until
from tests.e2e.stage import Stage
from tests.s3 import s3_store

LEASE = 8  # seconds: how soon a node takes over what another had in hand
CARELESS = ("-m", "tests.faults.careless")
IN_S3 = """\
[vault.contents]
s3 = "{s3}"
endpoint = "{endpoint}"
access_key_id = "{access_key_id}"
secret_access_key = "{key}"
timeout = 60
"""


@dataclass
class Second(Stage):
    """A node with the keys of the first, and its next hop."""

    first: Stage = field(kw_only=True)

    async def __aenter__(self) -> Self:
        self.sink = self.first.sink
        self.prepare()
        await self.start()
        return self

    async def __aexit__(self, *why: object) -> None:
        await self.stop()

    def furnish(self) -> None:
        """Copy what is one for both; who may send is in the database that they share."""
        for name in ("certificate.pem", "certificate.key"):
            shutil.copy(self.first.folder / name, self.folder / name)
        ours, theirs = self.folder / "vault", self.first.folder / "vault"
        shutil.copytree(theirs / "keys", ours / "keys")
        (theirs / "contents").mkdir(exist_ok=True, mode=0o700)
        (ours / "contents").symlink_to(theirs / "contents", target_is_directory=True)


@dataclass(frozen=True, slots=True)
class Held:
    """A row of the outbox that a node had in hand."""

    id: str
    attempts: int


@dataclass(frozen=True)
class Pair:
    """Both nodes while they run, and their database."""

    first: Stage
    second: Stage
    database: str

    def other(self, node: Stage) -> Stage:
        """Give the node that a node is not."""
        return self.second if node is self.first else self.first

    def ask(self, sql: str, **values: Any) -> list[list[Any]]:
        """Ask the database, past both nodes."""
        with closing(postgres.admin(postgres.name_of(self.database))) as server:
            return list(server.run(sql, **values))

    def held_by(self, node: Stage) -> list[Held]:
        """What a node has claimed and not settled."""
        name = (node.folder / "vault" / "node").read_text().strip()[:8]
        rows = self.ask(
            "SELECT id, attempts FROM outbox WHERE state = 'queued' AND leased_by LIKE :who",
            who=f"%:{name}",
        )
        return [Held(*row) for row in rows]

    async def nothing_waits(self, seconds: float) -> None:
        """Wait until everything has been sent; raises AssertionError that tells what was not."""
        try:
            await until(lambda: not self.waiting(), seconds)
        except TimeoutError:
            raise AssertionError(f"not sent: {self.waiting()}") from None

    def waiting(self) -> list[list[Any]]:
        """What is still to be sent: its kind, how it stands, and when it is due."""
        return self.ask(
            "SELECT kind, status, attempts, available_at, leased_by, leased_until FROM outbox"
            " WHERE state = 'queued'"
        )


@asynccontextmanager
async def pair(folder: Path, *, careless: str = "", in_s3: bool = False) -> AsyncIterator[Pair]:
    """Run both; `careless` names a promise that both break."""
    async with AsyncExitStack() as stack:
        database = await asyncio.to_thread(postgres.empty_database)
        stack.callback(postgres.drop, database)
        vault = f'database = "{database}"\ncontent_inline_limit = 16384\n'
        if in_s3:
            vault += _in_s3(await _entered(stack))
        program = (*CARELESS, careless) if careless else Stage.program
        chosen: dict[str, Any] = {
            "vault": vault,
            "delivery": f"lease = {LEASE}",
            "smtp": "processes = 2",
            "program": program,
        }
        first = await stack.enter_async_context(Stage(folder / "first", **chosen))
        second = Second(folder / "second", **chosen, next_hop_port=first.sink.port, first=first)
        await stack.enter_async_context(second)
        yield Pair(first, second, database)


def can_s3() -> bool:
    """Say whether an S3 store can be run here."""
    return not s3.missing()


async def _entered(stack: AsyncExitStack) -> s3.S3:
    """Start the store in a thread: it takes seconds."""
    store = s3_store()
    found = await asyncio.to_thread(store.__enter__)
    stack.callback(store.__exit__, None, None, None)
    return found


def _in_s3(store: s3.S3) -> str:
    chosen = store.settings()
    return IN_S3.format(
        s3=chosen.s3,
        endpoint=chosen.endpoint,
        access_key_id=chosen.access_key_id,
        key=chosen.secret(),
    )
