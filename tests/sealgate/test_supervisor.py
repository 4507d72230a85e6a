"""The supervisor, with real processes: what dies is started again, what is wrong stops the node."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sealgate.waiting import await_free
from tests.e2e.machine import free_port
from tests.sealgate.node import TOP, Node

ROLES = {"smtp", "deliver", "web"}
SECONDS = 180


@dataclass
class Running:
    """A supervised node: what its processes said when they were ready, in order."""

    process: Process
    ready: list[dict[str, Any]] = field(default_factory=list)

    async def next_ready(self) -> dict[str, Any]:
        """Wait until one more process is ready."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), SECONDS)
        assert line, "the node ended"
        said: dict[str, Any] = json.loads(line)["ready"]
        self.ready.append(said)
        return said

    def pid(self, role: str) -> int:
        """The process id that a role said last."""
        pids = [said["pid"] for said in self.ready if said["role"] == role]
        return int(pids[-1])

    async def ended(self) -> tuple[int, str]:
        """Wait for the end; gives the exit code and what was said on standard error."""
        _, said = await asyncio.wait_for(self.process.communicate(), SECONDS)
        assert self.process.returncode is not None
        return self.process.returncode, said.decode()


@asynccontextmanager
async def serving(
    node: Node, *role: str, program: tuple[str, ...] = ("-m", "sealgate")
) -> AsyncIterator[Running]:
    """Start a node as people do, or one process of it; it is ended with the test."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program, "serve", *role, "--config", str(node.config)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        cwd=TOP,
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def started(running: Running) -> None:
    for _ in ROLES:
        await running.next_ready()
    assert {said["role"] for said in running.ready} == ROLES


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def closed(pid: int) -> bool:
    """Whether a process is dead and its ports are closed, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true that nobody tells us of."""
    end = asyncio.get_running_loop().time() + SECONDS
    while not condition():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.05)


async def test_what_dies_is_started_again_and_all_end_together(ready: Node) -> None:
    async with serving(ready) as running:
        await started(running)
        for role in ("deliver", "web", "smtp"):
            before = running.pid(role)
            os.kill(before, signal.SIGKILL)
            said = await running.next_ready()
            assert said["role"] == role
            assert said["pid"] != before
        pids = [running.pid(role) for role in ROLES]
        running.process.terminate()
        code, log = await running.ended()
    assert code == 0
    assert not any(map(alive, pids))
    died = [json.loads(line) for line in log.splitlines() if "process.died" in line]
    assert [event["role"] for event in died] == ["deliver", "web", "smtp"]


async def test_what_starting_again_cannot_mend_stops_the_node(ready: Node) -> None:
    async with serving(ready) as running:
        await started(running)
        pids = [running.pid(role) for role in ROLES]
        (ready.folder / "certificate.pem").unlink()
        os.kill(running.pid("web"), signal.SIGKILL)
        code, log = await running.ended()
    assert code == 78
    assert f"sealgate: not started.\n{ready.folder / 'certificate.pem'}: No such file" in log
    assert not any(map(alive, pids))


async def test_settings_that_cannot_be_used_start_nothing(bare: Node) -> None:
    async with serving(bare) as running:
        code, log = await running.ended()
    assert code == 78
    assert "not started" in log
    assert "vault.public" in log


# The same program, but for how long it asks for a port again.
HASTY = """
from sealgate import waiting
from sealgate.__main__ import main
waiting.HELD_FOR = 1
main()
"""


async def test_a_port_that_is_taken_is_named(ready: Node) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ready.spoil('[web]\nlisten = "127.0.0.1:0"', f'[web]\nlisten = "127.0.0.1:{port}"')
        async with serving(ready, "web", program=("-c", HASTY)) as running:
            code, log = await running.ended()
    assert code == 78
    assert "sealgate: not started.\nweb: " in log
    assert f"127.0.0.1:{port}" in log or str(port) in log
    assert "Another program listens there: `ss -ltnp` names it." in log


async def test_processes_of_one_role_share_its_port_and_are_kept_running(ready: Node) -> None:
    port = free_port()
    ready.spoil('starttls = "127.0.0.1:0"', f'starttls = "127.0.0.1:{port}"\nprocesses = 2')
    ready.spoil('tls = "127.0.0.1:0"', 'tls = ""')
    async with serving(ready) as running:
        for _ in range(4):
            await running.next_ready()
        said = [one for one in running.ready if one["role"] == "smtp"]
        assert [one["listening"]["starttls"] for one in said] == [f"127.0.0.1:{port}"] * 2
        first, second = (one["pid"] for one in said)
        os.kill(first, signal.SIGKILL)
        await until(lambda: closed(first))
        assert await greeting_of_another(port) == b"220"
        await running.next_ready()
        third = running.pid("smtp")
        assert third not in {first, second}
        with pytest.raises(OSError, match="in use"):  # another node must not take half of the mail
            await_free([f"127.0.0.1:{port}"], seconds=0)
        running.process.terminate()
        code, _ = await running.ended()
    assert code == 0
    assert not any(map(alive, (second, third)))


async def greeting_of_another(port: int) -> bytes:
    """What the one says that is left: the kernel resets what it had given to the one that died."""
    async with asyncio.timeout(SECONDS):
        while True:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                return await greeting(port)
            await asyncio.sleep(0.02)


async def greeting(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(SECONDS):
        said = await reader.readexactly(3)
    writer.close()
    await writer.wait_closed()
    return said


GOVERNED = {"smtp", "web"}


async def test_a_policy_is_read_again_but_not_a_broken_one(ready: Node) -> None:
    policy = ready.folder / "policy.yaml"
    async with serving(ready) as running:
        await started(running)
        pids = [running.pid(role) for role in ROLES]
        policy.write_text(policy.read_text() + "\n# changed\n")
        running.process.send_signal(signal.SIGHUP)
        loaded = await each_says(running, "policy.loaded")
        policy.write_text("version: 1\nrules: [{name: x, when: {flag: any}, then: refuze}]\n")
        running.process.send_signal(signal.SIGHUP)
        refused = await each_says(running, "policy.refused")
        (in_force,) = {event["policy"] for event in loaded}
        assert {event["in_force"] for event in refused} == {in_force}
        assert all("refuze" in event["problems"][0] for event in refused)
        assert all(map(alive, pids)), "nobody dies of SIGHUP"

        # A supervisor that is killed leaves nobody behind who would hold the ports.
        running.process.kill()
        await running.ended()
        await until(lambda: not any(map(alive, pids)))


async def each_says(running: Running, name: str) -> list[dict[str, Any]]:
    """What every governed process says of that name first.

    One may say more than that: it takes up what another has read before it looks at the file.
    """
    assert running.process.stderr is not None
    said: dict[str, dict[str, Any]] = {}
    async with asyncio.timeout(SECONDS):
        while said.keys() != GOVERNED and (line := await running.process.stderr.readline()):
            event: dict[str, Any] = json.loads(line)
            if event["event"] == name:
                said.setdefault(event["process"], event)
    assert said.keys() == GOVERNED, "the node ended"
    return list(said.values())
