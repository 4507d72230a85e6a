"""Mail clients that people really use, each reduced to: send this, and say what the server said.

`said` are the server's reply lines from the greeting on, each `CODE TEXT` or `CODE-TEXT`.
"""

import asyncio
import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from tests.e2e.conftest import need
from tests.e2e.stage import PASSWORD, SENDER, Stage

REPLY = re.compile(r"\d{3}[ -].*")


@dataclass(frozen=True)
class Order:
    """What a client is asked to do. `content` has CRLF line ends; no line begins with a dot."""

    content: bytes
    to: Sequence[str]
    sender: str = SENDER
    login: str = SENDER
    password: str = PASSWORD


@dataclass(frozen=True)
class Client:
    """A program, and how it is told to connect and to sign in."""

    port: str  # of the node: starttls, tls or trusted
    security: str  # STARTTLS, TLS or none
    mechanism: str = ""  # PLAIN, LOGIN or none at all

    async def send(self, stage: Stage, order: Order) -> list[str]:
        raise NotImplementedError


class Swaks(Client):
    """Swaks, the administrator's own."""

    async def send(self, stage: Stage, order: Order) -> list[str]:
        return await self.run(
            stage,
            order,
            *("--no-data-fixup", "--data", "-"),
            stdin=order.content + b".",  # swaks adds the line end
        )

    async def run(self, stage: Stage, order: Order, *words: str, stdin: bytes = b"") -> list[str]:
        """Run with words of its own that say what to send."""
        security = {"STARTTLS": ["--tls"], "TLS": ["--tlsc"], "none": []}[self.security]
        if security:
            security += ["--tls-verify", "--tls-ca-path", str(stage.folder / "certificate.pem")]
        user = ("--auth-user", order.login, "--auth-password", order.password)
        said = await run(
            "swaks",
            *("--server", "localhost", "--port", str(stage.ports[self.port])),
            *security,
            *(("--auth", self.mechanism, *user) if self.mechanism else ()),
            *("--from", order.sender, "--to", ",".join(order.to)),
            *words,
            stdin=stdin,
        )
        return replies(re.findall(r"(?m)^<(?:-|~|\*\*|~\*) +(.*)$", said))


class Curl(Client):
    """curl, as scripts use it."""

    async def send(self, stage: Stage, order: Order) -> list[str]:
        scheme = "smtps" if self.security == "TLS" else "smtp"
        option = f"AUTH={self.mechanism}"
        said = await run(
            "curl",
            *("--silent", "--verbose", "--url", f"{scheme}://localhost:{stage.ports[self.port]}"),
            *("--cacert", str(stage.folder / "certificate.pem")),
            *(("--ssl-reqd",) if self.security == "STARTTLS" else ()),
            *(("--user", f"{order.login}:{order.password}") if self.mechanism else ()),
            *(("--login-options", option) if self.mechanism else ()),
            *("--mail-from", order.sender, "--upload-file", "-"),
            *(word for one in order.to for word in ("--mail-rcpt", one)),
            stdin=order.content,
        )
        return replies(re.findall(r"(?m)^< (.*)$", said))


class PythonClient(Client):
    """Python's smtplib, as programs use it."""

    async def send(self, stage: Stage, order: Order) -> list[str]:
        return await asyncio.to_thread(self._send, stage, order)

    def _send(self, stage: Stage, order: Order) -> list[str]:
        said: list[str] = []
        try:
            with self.connected(stage, said) as client:
                if self.mechanism:
                    client.ehlo_or_helo_if_needed()
                    client.user, client.password = order.login, order.password
                    answer = getattr(client, f"auth_{self.mechanism.lower()}")
                    client.auth(self.mechanism, answer)
                client.sendmail(order.sender, order.to, order.content, ["BODY=8BITMIME"])
        except smtplib.SMTPException:
            pass  # what the server said is in `said`
        return said

    def connected(self, stage: Stage, said: list[str]) -> smtplib.SMTP:
        """A connection, with TLS if that is how; every reply is added to `said`."""
        port, trusting = stage.ports[self.port], stage.trusting()
        if self.security == "TLS":
            return _listening(smtplib.SMTP_SSL, said, port, context=trusting)
        client = _listening(smtplib.SMTP, said, port)
        if self.security == "STARTTLS":
            client.starttls(context=trusting)
        return client


def _listening(
    kind: type[smtplib.SMTP], said: list[str], port: int, **more: ssl.SSLContext
) -> smtplib.SMTP:
    class Listening(kind):  # type: ignore[misc,valid-type]  # one of two classes of the library
        def getreply(self) -> tuple[int, bytes]:
            code, text = super().getreply()
            *more, last = text.decode().split("\n")
            said.extend([f"{code}-{line}" for line in more] + [f"{code} {last}"])
            return code, text

    made: smtplib.SMTP = Listening("localhost", port, timeout=60, **more)
    return made


def replies(lines: list[str]) -> list[str]:
    """The lines that are replies."""
    return [line.rstrip() for line in lines if REPLY.fullmatch(line.rstrip())]


async def run(program: str, *words: str, stdin: bytes = b"") -> str:
    """Run a program to its end, and give all it printed."""
    process = await asyncio.create_subprocess_exec(
        need(program),
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(stdin), 120)
    return said.decode()
