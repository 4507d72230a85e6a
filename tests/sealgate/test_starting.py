"""Starting while something is in the way, such as what a killed node has left behind."""

import asyncio
import json
import signal
import socket
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from tests.sealgate.node import TOP, Node

SECONDS = 120


@asynccontextmanager
async def serving(node: Node, *role: str) -> AsyncIterator[Process]:
    """One process, or the supervisor; killed at the end. Its standard input is its lifeline."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sealgate", "serve", *role, "--config", str(node.config)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd=TOP,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: Process) -> tuple[int, str, str]:
    """Wait for the end: exit code, standard output, standard error."""
    said, log = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode is not None
    return process.returncode, said.decode(), log.decode()


async def said(stream: asyncio.StreamReader | None, word: str) -> dict[str, Any]:
    """The next line that holds a word."""
    assert stream is not None
    async with asyncio.timeout(SECONDS):
        while line := await stream.readline():
            if word in line.decode():
                found: dict[str, Any] = json.loads(line)
                return found
    raise AssertionError(f"it ended without {word!r}")


def children(process: Process) -> int:
    """How many processes it has started."""
    return len(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())


@pytest.mark.parametrize("role", ["smtp", "deliver", "web"])
async def test_who_is_an_orphan_before_it_has_started_takes_nothing(role: str, ready: Node) -> None:
    async with serving(ready, role) as process:
        assert process.stdin is not None
        process.stdin.close()  # the supervisor died while this one was importing its modules
        code, out, log = await ended(process)
    assert code == 0, log
    assert out == "", "it never said that it was ready"
    for event in ("listening", "deliverer.started"):
        assert event not in log


async def test_a_port_that_is_about_to_be_free_is_waited_for(ready: Node) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as before:
        port = before.getsockname()[1]
        ready.spoil('[web]\nlisten = "127.0.0.1:0"', f'[web]\nlisten = "127.0.0.1:{port}"')
        async with serving(ready, "web") as process:
            await said(process.stderr, "port.held")
            before.close()
            answer = await said(process.stdout, "ready")
    assert answer["ready"]["listening"] == {"web": f"127.0.0.1:{port}"}


async def test_one_deliverer_waits_for_another_to_end(ready: Node) -> None:
    async with serving(ready, "deliver") as first:
        await said(first.stdout, "ready")
        async with serving(ready, "deliver") as second:
            await said(second.stderr, "deliverer.waits_for_another")
            first.kill()
            await said(second.stdout, "ready")


async def test_a_policy_that_changes_while_a_node_starts_is_read_again(ready: Node) -> None:
    ready.config.write_text(ready.config.read_text() + '\n[log]\nlevel = "debug"\n')
    async with serving(ready) as process:
        async with asyncio.timeout(SECONDS):
            while children(process) < 3:  # noqa: ASYNC110 - the kernel tells nobody
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGHUP)  # they are importing their modules
        for _ in ("smtp", "web"):
            event = await said(process.stderr, '"policy.loaded"')
            assert event["policy"]
        for _ in range(3):
            await said(process.stdout, "ready")
        process.terminate()
        code, _, log = await ended(process)
    assert code == 0
    assert "process.died" not in log


async def test_a_database_that_is_held_is_no_fault_of_the_settings(ready: Node) -> None:
    ready.spoil("[vault]\n", '[vault]\nlock_wait = "PT1S"\n')
    assert ready.type("user", "list").exit_code == 0
    database = ready.folder / "vault" / "sealgate.sqlite"
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with serving(ready) as process:
            code, _, log = await ended(process)
    assert code == 75, "which a service manager starts again, as it would not with 78"
    assert "sealgate: not started; to be tried again.\n" in log
    assert str(ready.folder / "vault") in log
    assert "Traceback" not in log
