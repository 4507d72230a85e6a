"""A running node whose policy is changed: what its SMTP door answers, and what the log says."""

import asyncio
import json
import smtplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sealgate import settings
from tests.sealgate.node import PASSWORD, Node
from tests.sealgate.test_supervisor import Running, serving
from vault.storage.store import Store

JO = "jo.bloggs@council.example"
WEBMAIL = "someone@gmail.com"
SECONDS = 60


@dataclass
class Governed:
    """A node and its running processes."""

    node: Node
    running: Running
    port: int

    async def answer(self, recipient: str = WEBMAIL) -> int:
        """What the door answers to a recipient: 250 or 550."""
        return await asyncio.to_thread(self._ask, recipient)

    def _ask(self, recipient: str) -> int:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP("127.0.0.1", self.port, timeout=SECONDS) as client:
            client.starttls(context=context)
            client.login(JO, PASSWORD)
            client.mail(JO)
            code, _ = client.rcpt(recipient)
        return code

    async def event(self, name: str) -> dict[str, Any]:
        """The next event of that name in the log."""
        stream = self.running.process.stderr
        assert stream is not None
        async with asyncio.timeout(SECONDS):
            while line := await stream.readline():
                if line.startswith(b"{"):
                    found: dict[str, Any] = json.loads(line)
                    if found["event"] == name:
                        return found
        raise AssertionError(f"the node ended without {name!r}")

    def save(self, old: str, new: str) -> None:
        """Change a piece of the policy file, as an editor does: a new file takes its place."""
        path = self.node.folder / "policy.yaml"
        text = path.read_text()
        assert old in text, f"{old!r} is not in the policy"
        beside = path.with_suffix(".new")
        beside.write_text(text.replace(old, new, 1))
        beside.replace(path)


@asynccontextmanager
async def governed(node: Node) -> AsyncIterator[Governed]:
    """Start a node with one user."""
    added = node.type("user", "add", JO, "--password-stdin", stdin=PASSWORD)
    assert added.exit_code == 0, added.output
    async with serving(node) as running:
        for _ in range(3):
            await running.next_ready()
        (smtp,) = [said for said in running.ready if said["role"] == "smtp"]
        port = int(smtp["listening"]["starttls"].rpartition(":")[2])
        yield Governed(node, running, port)


def opened(node: Node) -> Store:
    """The node's own database."""
    return Store(settings.load(node.config).vault)
