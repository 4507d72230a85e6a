"""Sets the scene for an end-to-end test: one node of real processes, and a next hop.

async with Stage(folder) as stage:
    answer = await stage.submit(message, to=["pat@example.org"])
    notice = await stage.mail_to("pat@example.org")
    pat = await stage.sign_in("pat@example.org")
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import smtplib
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import SMTP, default
from email.utils import format_datetime, make_msgid
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from sealgate import certificate
from tests.dialogue import Talk
from tests.e2e.browser import Visitor
from tests.e2e.machine import children, free_port, is_running
from tests.sink import Caught, Sink
from vault.clock import utc_now

TOP = Path(__file__).parents[2]
DOMAIN = "council.example"
SENDER = f"sam.taylor@{DOMAIN}"
PASSWORD = "a password for tests"
ANSWER_SECONDS = 60.0  # for the answer to a whole mail; a machine may be busy
STARTS_WITHIN = 180.0  # seconds for a whole node, on a machine that does much else
ROLES = ("smtp", "deliver", "web")
COUNCIL = TOP / "policies" / "starter" / "council.yaml"
PATHS = Path(__file__).with_name("paths.yaml")

SETTINGS = """\
[organisation]
name = "Council of Example"
domains = ["{domain}"]
contact = "01632 960 000"
public_url = "https://localhost:{web_port}"

[smtp]
starttls = "127.0.0.1:{starttls}"
tls = "127.0.0.1:{tls}"
trusted = "127.0.0.1:{trusted}"
trusted_networks = ["127.0.0.0/8"]
hostname = "gateway.{domain}"
tls_certificate = "{folder}/certificate.pem"
tls_key = "{folder}/certificate.key"
connections_per_ip = 200
{smtp}

[next_hop]
host = "127.0.0.1"
port = {next_hop}
tls = "{next_hop_tls}"
hello = "gateway.{domain}"

[delivery]
first_retry = 0.5
longest_retry = 2
{delivery}

[notices]
sender = "secure@{domain}"
{notices}

[web]
listen = "127.0.0.1:{web_port}"
tls_certificate = "{folder}/certificate.pem"
tls_key = "{folder}/certificate.key"

[vault]
folder = "{folder}/vault"
{vault}

[policy]
file = "{folder}/policy.yaml"

[log]
level = "debug"
"""


def mail(to: str, subject: str = "Hello", text: str = "Hello.", **headers: str) -> EmailMessage:
    """A mail from the stage's sender."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Sam Taylor <{SENDER}>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = make_msgid(domain=DOMAIN)
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


@dataclass(frozen=True)
class Answer:
    """What the mail client was told at the end, and at which stage."""

    code: int
    text: str
    stage: str = "data"

    @property
    def reference(self) -> str:
        found = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", self.text)
        assert found, self.text
        return found[0]


@dataclass
class Stage:
    """A node that runs, and everything around it."""

    folder: Path
    delivery: str = ""
    notices: str = ""
    smtp: str = ""
    vault: str = ""
    policy: Path = PATHS
    next_hop_port: int | None = None  # of a server that the test runs itself; otherwise a sink
    next_hop_tls: str = "none"
    program: tuple[str, ...] = ("-m", "sealgate")  # what Python runs as the node
    sink: Sink = field(default_factory=Sink)
    ready: dict[str, dict[str, Any]] = field(default_factory=dict)
    slowest_start: float = 0.0  # seconds

    async def __aenter__(self) -> Self:
        await self.sink.__aenter__()
        self.prepare()
        await self.start()
        return self

    async def __aexit__(self, *why: object) -> None:
        await self.stop()
        await self.sink.__aexit__(*why)

    # --- the node

    def prepare(self) -> None:
        """Write settings, certificate, policy, keys and one user."""
        self.folder.mkdir(parents=True, exist_ok=True)
        certificate.make(self.folder)
        self.web_port = free_port()
        self.ports = {kind: free_port() for kind in ("starttls", "tls", "trusted")}
        (self.folder / "policy.yaml").write_bytes(self.policy.read_bytes())
        self.config = self.folder / "sealgate.toml"
        self.config.write_text(
            SETTINGS.format(
                domain=DOMAIN,
                folder=self.folder,
                web_port=self.web_port,
                next_hop=self.next_hop_port or self.sink.port,
                next_hop_tls=self.next_hop_tls,
                delivery=self.delivery,
                notices=self.notices,
                smtp=self.smtp,
                vault=self.vault,
                **self.ports,
            )
        )
        self.furnish()

    def furnish(self) -> None:
        """Make keys and one user."""
        self.command("keys", "init")
        self.add_user(SENDER)

    def command(self, *words: str, stdin: str = "", check: bool = True) -> str:
        """Run a `sealgate` command against this node and give what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "sealgate", *words, "--config", str(self.config)],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=TOP,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def add_user(self, address: str, *aliases: str) -> None:
        words = [word for alias in aliases for word in ("--alias", alias)]
        self.command("user", "add", address, *words, "--password-stdin", stdin=PASSWORD + "\n")

    async def start(self) -> None:
        """Start the supervisor and wait until every process is ready."""
        self.log_path = self.folder / "log.jsonl"
        self.ready = {}
        self._ready_in_turn: dict[str, list[int]] = {}
        began = time.monotonic()
        with self.log_path.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, *self.program, "serve", "--config", str(self.config)),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
                cwd=TOP,
            )
        self._hearing = asyncio.create_task(self._hear())
        await self.wait_until(lambda: set(self.ready) == set(ROLES), seconds=STARTS_WITHIN)
        self.slowest_start = max(self.slowest_start, time.monotonic() - began)

    async def _hear(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            said = json.loads(line)["ready"]
            self.ready[said["role"]] = said
            self._ready_in_turn.setdefault(said["role"], []).append(said["pid"])

    async def stop(self) -> int:
        """End the node as systemd would; gives its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(self.process.wait(), 60)
        await self._hearing
        return code

    def kill(self, role: str) -> bool:
        """Kill a process with signal 9: of several in a role the one that has run for longest.

        False if none runs, or none is ready.
        """
        for number in self.running(role):
            os.kill(number, signal.SIGKILL)
            return True
        return False

    def running(self, role: str) -> list[int]:
        """The processes that are ready in this role and run, in the order in which they were."""
        known = self._ready_in_turn.get(role, [])
        return [number for number in known if is_running(number, str(self.config))]

    def ended(self) -> list[int]:
        """The processes that were ready since the node was started, and run no more."""
        return [
            number
            for known in self._ready_in_turn.values()
            for number in known
            if not is_running(number, str(self.config))
        ]

    async def crash(self, *, everything: bool = True) -> int:
        """Kill the supervisor with signal 9, and what it started too; gives how many.

        Without `everything` the others are left to find out for themselves.
        """
        number = self.process.pid
        victims = [number, *(children(number) if everything else ())]
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        await self.process.wait()
        await self._hearing
        return len(victims)

    def logged(self) -> list[dict[str, Any]]:
        """Every log line so far."""
        return [json.loads(line) for line in self.log_path.read_text().splitlines() if line]

    async def wait_until(self, condition: Callable[[], object], seconds: float = 20) -> None:
        """Wait until something is true; fails with the node's log after `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition():
            if self.process.returncode is not None:
                raise AssertionError(f"the node ended:\n{self.log_path.read_text()[-4000:]}")
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(
                    f"not within {seconds} s:\n{self.log_path.read_text()[-4000:]}"
                )
            await asyncio.sleep(0.05)

    # --- mail clients

    def trusting(self) -> ssl.SSLContext:
        """A TLS context that knows the node's certificate."""
        return self._tls

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))

    async def submit(
        self,
        message: Message | bytes,
        to: list[str],
        *,
        sender: str = SENDER,
        login: str = SENDER,
        implicit: bool = False,
    ) -> Answer:
        """Send as a mail client does: TLS, AUTH, one mail; stops at the first refusal."""
        content = message if isinstance(message, bytes) else message.as_bytes()
        return await asyncio.to_thread(self._submit, content, to, sender, login, implicit)

    def _submit(
        self, content: bytes, to: list[str], sender: str, login: str, implicit: bool
    ) -> Answer:
        with self.signed_in(login, implicit=implicit) as client:
            return transaction(client, sender, to, content)

    def signed_in(self, login: str = SENDER, *, implicit: bool = False) -> smtplib.SMTP:
        """A client that has signed in; blocks. Raises what smtplib and the network raise."""
        tls = self.trusting()
        if implicit:
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                "localhost", self.ports["tls"], context=tls, timeout=60
            )
        else:
            client = smtplib.SMTP("localhost", self.ports["starttls"], timeout=60)
        try:
            if not implicit:
                client.starttls(context=tls)
            client.login(login, PASSWORD)
        except BaseException:
            client.close()
            raise
        return client

    async def hand_over(self, content: bytes, to: list[str], *, sender: str = SENDER) -> str:
        """Say a mail on the trusted port, byte for byte; gives the answer to the final dot."""
        stuffed = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
        async with await Talk.open(self.ports["trusted"]) as talk:
            await talk.reply(ANSWER_SECONDS)
            await talk.say("EHLO client.example", "250")
            await talk.say(f"MAIL FROM:<{sender}> BODY=8BITMIME", "250")
            for one in to:
                await talk.say(f"RCPT TO:<{one}>", "250")
            await talk.say("DATA", "354")
            await talk.send(stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n")
            await talk.send(b".\r\n")
            return await talk.reply(ANSWER_SECONDS)

    # --- the outside world

    async def mails_to(
        self, address: str, count: int = 1, where: Callable[[Caught], bool] = lambda _: True
    ) -> list[Caught]:
        """Wait for mails at the next hop for one mailbox."""

        def found() -> list[Caught]:
            return [mail for mail in self.sink.mails if address in mail.recipients and where(mail)]

        await self.wait_until(lambda: len(found()) >= count)
        return found()

    async def link_for(self, address: str) -> str:
        """The link in the newest notice to an address."""
        notices = await self.mails_to(address, where=lambda mail: b"/p/" in mail.content)
        found = re.search(r"https://localhost:\d+/p/[a-z0-9]+", plain_text(notices[-1].content))
        assert found
        return found[0]

    async def code_for(self, address: str, ask: Callable[[], Any]) -> str:
        """Ask for a code, and read it from the mailbox it was sent to."""
        before = len(self.sink.mails)
        await ask()

        def codes() -> list[str]:
            return [
                found[0]
                for mail in self.sink.mails[before:]
                if address in mail.recipients
                and (found := re.search(r"\b\d{4} \d{4}\b", plain_text(mail.content)))
            ]

        await self.wait_until(lambda: bool(codes()))
        return codes()[-1]

    async def visitor(self) -> Visitor:
        """A browser without a window: cookies, forms, redirects."""
        return Visitor(f"https://localhost:{self.web_port}", self.trusting())

    async def sign_in(self, address: str) -> Visitor:
        """A visitor who has proved to own a mailbox."""
        visitor = await self.visitor()
        code = await self.code_for(address, lambda: visitor.ask_code(address))
        await visitor.give_code(code)
        return visitor


def transaction(client: smtplib.SMTP, sender: str, to: list[str], content: bytes) -> Answer:
    """MAIL, RCPT and DATA, stopping at the first refusal."""
    code, text = client.mail(sender)
    if code != 250:
        return Answer(code, text.decode(), "mail")
    for recipient in to:
        code, text = client.rcpt(recipient)
        if code != 250:
            return Answer(code, text.decode(), "rcpt")
    code, text = client.data(content)
    return Answer(code, text.decode())


def plain_text(content: bytes) -> str:
    """The plain text of a mail, decoded."""
    message = BytesParser(policy=default).parsebytes(content)
    part = message.get_body(preferencelist=("plain",))
    return str(part.get_content()) if part else ""
